-- A row is a table of which another session holds, or awaits, an exclusive lock: whoever asks for its size would wait.
WITH RECURSIVE locked AS (
    SELECT coalesce(i.indrelid, t.oid, l.relation) AS oid
    FROM pg_locks l
    LEFT JOIN pg_index i ON i.indexrelid = l.relation
    LEFT JOIN pg_class t ON t.reltoastrelid = l.relation
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    UNION
    -- A partition is described by its parent, and what the other partitions count says little of the whole.
    SELECT CASE h.inhparent WHEN locked.oid THEN h.inhrelid ELSE h.inhparent END
    FROM locked
    JOIN pg_inherits h ON h.inhparent = locked.oid OR h.inhrelid = locked.oid
    JOIN pg_class child ON child.oid = h.inhrelid AND (child.relispartition OR h.inhparent = locked.oid)
)
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name
FROM locked
JOIN pg_class c ON c.oid = locked.oid AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT LIKE 'pg\_%'
ORDER BY n.nspname, c.relname
