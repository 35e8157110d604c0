"""Tables of several shapes, 10 MB to 2 GB, whose statements are timed; rows by the scale."""

from __future__ import annotations

from query_bars.scale import scaled

from pgwright.embedded import EmbeddedServer

_SCRIPT = """
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;

-- 10 MB, narrow
CREATE TABLE small_numbers AS SELECT i::bigint AS id, (i % 1000)::int AS kind, (hashint8(i) & 65535)::int AS score
    FROM generate_series(1, {small}) AS i;
ALTER TABLE small_numbers ADD PRIMARY KEY (id);

-- 1 GB, narrow
CREATE TABLE numbers AS SELECT i::bigint AS id, (i % 1000)::int AS kind, (hashint8(i) & 8388607)::int AS score
    FROM generate_series(1, {many}) AS i;
ALTER TABLE numbers ADD PRIMARY KEY (id);

-- 60 MB of text, two indexes
CREATE TABLE page AS SELECT i::bigint AS id, 'Title ' || md5(i::text) AS title, repeat(md5((i * 7)::text), 8) AS body,
        now() - i * interval '1 minute' AS made_at, i % 10 = 0 AS is_hidden
    FROM generate_series(1, {page}) AS i;
ALTER TABLE page ADD PRIMARY KEY (id);
CREATE INDEX page_title ON page (title);

-- 2 GB of text
CREATE TABLE wide AS SELECT i::bigint AS id, md5(i::text) AS token, repeat(md5((i * 7)::text), 28) AS body,
        (i % 50)::int AS kind
    FROM generate_series(1, {wide}) AS i;
ALTER TABLE wide ADD PRIMARY KEY (id);

-- 200 MB of documents
CREATE TABLE document AS SELECT i::bigint AS id, jsonb_build_object('kind', 'k' || i % 20, 'owner', hashint8(i) & 65535,
        'tags', jsonb_build_array('t' || i % 40, 't' || i % 300), 'note', md5(i::text) || md5((i + 1)::text)) AS data
    FROM generate_series(1, {document}) AS i;
ALTER TABLE document ADD PRIMARY KEY (id);

-- 150 MB, uuid keys and five indexes
CREATE TABLE orders AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS customer, (i % 9)::int AS state,
        now() - (hashint8(i) & 8388607) * interval '1 second' AS placed_at, 'n-' || i AS number,
        random() * 1000 AS total
    FROM generate_series(1, {orders}) AS i;
ALTER TABLE orders ADD PRIMARY KEY (id);
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_state ON orders (state, placed_at);
CREATE INDEX orders_number ON orders (number);

-- 150 MB, refers to orders and to small_numbers
CREATE TABLE line AS SELECT i::bigint AS id, o.id AS order_id, (1 + (hashint8(i) & 65535))::bigint AS thing_id,
        (i % 7)::int AS amount
    FROM (SELECT id, row_number() OVER () AS i FROM orders CROSS JOIN generate_series(1, 2)) AS o;
ALTER TABLE line ADD PRIMARY KEY (id);

-- 10 MB of rows with 400 MB of large values
CREATE TABLE upload (id bigint, name text, content text);
ALTER TABLE upload ALTER content SET STORAGE EXTERNAL;
INSERT INTO upload SELECT i, 'file ' || i, repeat(md5(i::text), 190) FROM generate_series(1, {upload}) AS i;
ALTER TABLE upload ADD PRIMARY KEY (id);

-- 200 MB in 8 partitions
CREATE TABLE event (id bigint, at timestamptz NOT NULL, actor int, payload text) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
CREATE TABLE event_4 PARTITION OF event FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');
CREATE TABLE event_5 PARTITION OF event FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
CREATE TABLE event_6 PARTITION OF event FOR VALUES FROM ('2026-06-01') TO ('2026-07-01');
INSERT INTO event SELECT i, '2026-01-01'::timestamptz + (i % 181) * interval '1 day', (hashint8(i) & 65535)::int,
        repeat(md5(i::text), 3) FROM generate_series(1, {event}) AS i;

-- half of its rows are dead
CREATE TABLE bloated AS SELECT i::bigint AS id, md5(i::text) AS name, (i % 100)::int AS kind, NULL::int AS extra
    FROM generate_series(1, {bloated}) AS i;
ALTER TABLE bloated SET (autovacuum_enabled = off);
ALTER TABLE bloated ADD PRIMARY KEY (id);
DELETE FROM bloated WHERE id % 2 = 0
"""
_ROWS = {
    "small": 220_000,
    "many": 10_000_000,
    "page": 180_000,
    "wide": 2_000_000,
    "document": 800_000,
    "orders": 1_500_000,
    "upload": 65_000,
    "event": 1_200_000,
    "bloated": 1_500_000,
}


def fill(server: EmbeddedServer, database: str) -> None:
    """Make the tables."""
    rows = {name: scaled(number, 10_000) for name, number in _ROWS.items()}
    rows["small"] = max(rows["small"], 70_000)  # every thing of a line is there
    script = "\n".join(line for line in _SCRIPT.splitlines() if not line.startswith("--"))
    with server.admin(database) as connection:
        for statement in script.format(**rows).split(";"):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")
