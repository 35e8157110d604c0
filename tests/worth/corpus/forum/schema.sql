-- A forum: indexes are fine, the statements are not.
CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL UNIQUE, signature text NOT NULL);
CREATE TABLE board (id int PRIMARY KEY, title text NOT NULL);

CREATE TABLE topic (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    board_id int NOT NULL REFERENCES board ON DELETE CASCADE,
    author_id int NOT NULL REFERENCES account ON DELETE CASCADE,
    title text NOT NULL,
    bumped_at timestamptz NOT NULL
);
CREATE INDEX ix_topic_board_id_bumped_at ON topic (board_id, bumped_at DESC);
CREATE INDEX ix_topic_author_id ON topic (author_id);

CREATE TABLE post (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id int NOT NULL REFERENCES topic ON DELETE CASCADE,
    author_id int NOT NULL REFERENCES account ON DELETE CASCADE,
    body text NOT NULL,
    posted_at timestamptz NOT NULL
);
CREATE INDEX ix_post_topic_id_posted_at ON post (topic_id, posted_at);
CREATE INDEX ix_post_author_id_posted_at ON post (author_id, posted_at DESC);
CREATE INDEX ix_post_posted_at ON post (posted_at DESC);
