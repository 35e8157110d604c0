-- Functions of the generator; they last as long as the connection. n counts the rows of a table from 0, in order of
-- time. Each is one expression, so that the planner inlines it.

-- A number in [0, 1), another for each salt.
CREATE FUNCTION pg_temp.dice(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(n, salt) & 4294967295) / 4294967296.0::float8
$$;

-- The moment of row n of so many: evenly spread over the 60 days before `until`, with some jitter, ever rising.
CREATE FUNCTION pg_temp.at(n bigint, row_count bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT %(until)s::timestamptz - interval '60 days' * (1 - (n + pg_temp.dice(n, 1)) / row_count)
$$;

-- The key of row n.
CREATE FUNCTION pg_temp.key(name text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT md5(name || n)::uuid
$$;

-- One of the words, by dice.
CREATE FUNCTION pg_temp.pick(words text[], n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + floor(pg_temp.dice(n, salt) * cardinality(words))::int]
$$;
