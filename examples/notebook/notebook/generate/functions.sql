-- Functions of the generator; they last as long as the connection. n counts the rows of a table from 0, in order of
-- time. Each is one expression, so that the planner inlines it.

-- The id of the n-th row: as scattered as uuid4, yet known to the operations.
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT md5(kind || n::text)::uuid::text
$$;

-- A number in [0, 1), another for each salt.
CREATE FUNCTION pg_temp.dice(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(n, salt) & 4294967295) / 4294967296.0::float8
$$;

-- The moment of row n of so many: evenly spread over the two years before `until`, with some jitter, ever rising.
CREATE FUNCTION pg_temp.at(n bigint, row_count bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT %(until)s::timestamptz - interval '730 days' * (1 - (n + sign(n) * pg_temp.dice(n, 1)) / row_count)
$$;

-- The parent of row n: one that exists at that moment, the early ones far oftener (a power law).
-- `notebook.data.parent` computes the same.
CREATE FUNCTION pg_temp.parent(kind text, n bigint, row_count bigint, parent_count bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(
        greatest(n::float8 / row_count * parent_count - 1, 0)
        * power(('x' || left(md5(kind || n::text), 8))::bit(32)::bigint / 4294967296.0::float8, 2)
    )::bigint
$$;

-- One of the words, by dice.
CREATE FUNCTION pg_temp.pick(words text[], n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + floor(pg_temp.dice(n, salt) * cardinality(words))::int]
$$;

-- A sentence of about 80 characters.
CREATE FUNCTION pg_temp.sentence(n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.pick(%(sentences)s::text[], n, salt)
$$;

-- A title of about 30 characters.
CREATE FUNCTION pg_temp.title(n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.pick(%(titles)s::text[], n, salt)
$$;
