-- A row is a database of this server with another encoding than ours; one without a name stands for those that were
-- dropped since their statements ran.
SELECT d.datname AS name
FROM pg_database d
WHERE d.encoding <> (SELECT own.encoding FROM pg_database own WHERE own.datname = current_database())
UNION ALL
SELECT NULL
WHERE EXISTS (SELECT FROM /*relation*/ s WHERE NOT EXISTS (SELECT FROM pg_database d WHERE d.oid = s.dbid))
ORDER BY name
