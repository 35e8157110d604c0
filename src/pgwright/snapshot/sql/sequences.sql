-- A row is a sequence. The last value is NULL where the role may not read it, or nothing was drawn, or so many can be
-- drawn that nobody lives to see the end (2^53: a million a second for 285 years): to ask for it opens the sequence.
SELECT
    c.oid::bigint AS sequence_oid,
    n.nspname AS schema,
    c.relname AS name,
    -- As the view pg_sequences asks, which has no oid.
    CASE
        WHEN (c.oid = ANY(%(narrow)s) OR s.seqmax / s.seqincrement < 9007199254740992)
            AND has_sequence_privilege(c.oid, 'SELECT,USAGE')
        THEN pg_sequence_last_value(c.oid)
    END AS last_value,
    s.seqincrement AS increment,
    s.seqcycle AS starts_over,
    s.seqmax AS limit
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT pg_is_other_temp_schema(n.oid)
ORDER BY n.nspname, c.relname
