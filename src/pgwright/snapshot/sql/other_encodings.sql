-- A row is a database of this server with another encoding than ours.
SELECT d.datname AS name
FROM pg_database d
WHERE d.encoding <> (SELECT own.encoding FROM pg_database own WHERE own.datname = current_database())
ORDER BY d.datname
