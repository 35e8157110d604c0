-- Support tickets: queues by team, tags in an array, comments in order.
CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE agent (id int PRIMARY KEY, team_id int NOT NULL REFERENCES team, name text NOT NULL);
CREATE INDEX ix_agent_team_id ON agent (team_id);
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL UNIQUE, company text NOT NULL);
CREATE INDEX ix_customer_company ON customer (company);

CREATE TABLE ticket (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customer,
    team_id int NOT NULL REFERENCES team,
    agent_id int REFERENCES agent,
    status text NOT NULL,
    priority int NOT NULL,
    subject text NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_ticket_customer_id ON ticket (customer_id, created_at DESC);
CREATE INDEX ix_ticket_team_id ON ticket (team_id);
CREATE INDEX ix_ticket_team_id_open ON ticket (team_id, priority DESC, created_at) WHERE status = 'open';
CREATE INDEX ix_ticket_agent_id ON ticket (agent_id, status);
CREATE INDEX ix_ticket_tags ON ticket USING gin (tags);

CREATE TABLE comment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    author text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_comment_ticket_id ON comment (ticket_id, created_at);
