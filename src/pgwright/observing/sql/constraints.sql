-- The constraints that may be there without having been checked.
SELECT constr.oid::int8, constr.conname, constr.conrelid::int8, constr.contype::text, constr.convalidated
FROM pg_catalog.pg_constraint AS constr
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = constr.connamespace
WHERE constr.contype IN ('c', 'f', 'n') AND constr.conrelid <> 0
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
