-- Functions of the generator; they last as long as the connection. n counts the rows of a table from 0, in order of
-- time. Each is one expression, so that the planner inlines it.

-- A number in [0, 1), another for each salt.
CREATE FUNCTION pg_temp.dice(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(n, salt) & 4294967295) / 4294967296.0::float8
$$;

-- The moment of row n of so many: evenly spread over the two years before `until`, with some jitter, ever rising.
CREATE FUNCTION pg_temp.at(n bigint, row_count bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT %(until)s::timestamptz - interval '730 days' * (1 - (n + pg_temp.dice(n, 1)) / row_count)
$$;

-- One of the words, by dice.
CREATE FUNCTION pg_temp.pick(words text[], n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + floor(pg_temp.dice(n, salt) * cardinality(words))::int]
$$;

-- The organization of courier (and vehicle) n: a few are large, most are small (a power law).
CREATE FUNCTION pg_temp.organization(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 1 + floor(%(organizations)s * power(pg_temp.dice(n, 7), 3))::bigint
$$;

-- A person's name; couriers of one organization share names, as people do.
CREATE FUNCTION pg_temp.name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.pick('{Ada,Ben,Chloe,Dmitri,Elif,Farid,Grace,Hugo,Ines,Jun,Karim,Lena,Mateo,Nora,Omar,Paula}', n, 2)
        || ' ' || pg_temp.pick('{Adler,Braun,Costa,Dahl,Evans,Fischer,Gomez,Haddad,Ito,Janssen,Khan,Lund}', n, 3)
$$;
