UPDATE pg_class c SET relname = f.name, relpages = f.pages, reltuples = f.tuples
FROM unnest(%s::int8[], %s::text[], %s::int4[], %s::float4[]) AS f (oid, name, pages, tuples)
WHERE c.oid = f.oid::oid
