-- A row is the statement that gives a partition the replica identity of its table; none where it is the default.
SELECT format(
    'ALTER TABLE %s REPLICA IDENTITY %s', CAST(:target AS text),
    CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX ' || quote_ident(x.relname) END
) AS statement
FROM pg_class c
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
LEFT JOIN pg_inherits h ON h.inhparent = i.indexrelid
    AND EXISTS (SELECT FROM pg_index o WHERE o.indexrelid = h.inhrelid AND o.indrelid = to_regclass(CAST(:target AS text)))
LEFT JOIN pg_class x ON x.oid = h.inhrelid
WHERE c.oid = :source AND c.relreplident <> 'd' AND (c.relreplident <> 'i' OR x.oid IS NOT NULL)
