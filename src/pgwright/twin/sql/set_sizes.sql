UPDATE pg_class c
SET relpages = r.pages, reltuples = r.tuples, relallvisible = r.visible,
    relispopulated = true  -- an unpopulated materialised view cannot be planned
FROM unnest(%s::text[], %s::int4[], %s::float4[], %s::int4[]) AS r(name, pages, tuples, visible)
WHERE c.oid = to_regclass(r.name) AND c.relowner = 'pgwright_owner'::regrole
