-- All that must not get lost, one text a thing. {types} is the type of a column, or nothing where types may change.
SELECT concat('constraint ', conrelid::regclass, contypid::regtype, ' ', conname, ' ', pg_get_constraintdef(oid))
FROM pg_constraint
WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema)';

SELECT concat('comment on constraint ', conrelid::regclass, ' ', conname, ': ', obj_description(oid, 'pg_constraint'))
FROM pg_constraint
WHERE obj_description(oid, 'pg_constraint') IS NOT NULL AND connamespace::regnamespace::text !~ '^(pg_|information_schema)';

SELECT concat('column ', a.attrelid::regclass, ' ', a.attname, ' ', {types}, a.attnotnull, a.attacl)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)';

SELECT concat('privileges ', oid::regclass, relacl, relrowsecurity, relreplident)
FROM pg_class
WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)';

SELECT concat('trigger ', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal;

SELECT concat('policy ', polrelid::regclass, polname, pg_get_expr(polqual, polrelid)) FROM pg_policy;

SELECT concat('rule ', ev_class::regclass, pg_get_ruledef(oid))
FROM pg_rewrite
WHERE ev_class::regclass::text !~ '^(pg_|information_schema)';

SELECT concat('function ', oid::regprocedure, md5(prosrc))
FROM pg_proc
WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema)';

SELECT concat('published ', p.pubname, r.prrelid::regclass, to_jsonb(r) ->> 'prattrs')
FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid;

SELECT concat('index in use for ', indrelid::regclass, indexrelid::regclass, indisreplident, indisclustered)
FROM pg_index
WHERE indisreplident OR indisclustered;

SELECT concat('statistics ', stxname, stxkind, coalesce(stxstattarget, -1)) FROM pg_statistic_ext;

SELECT concat('statistics of ', schemaname, '.', tablename, ' ', attname)
FROM pg_stats
WHERE schemaname !~ '^(pg_|information_schema)'
  AND NOT EXISTS (
      SELECT FROM pg_index
      WHERE indexrelid = (quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass
  );

SELECT concat(
    'statistics of an expression of ', i.indrelid::regclass, ' ',
    trim(pg_get_indexdef(i.indexrelid, a.attnum, false), '()'))
FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indexrelid
JOIN pg_statistic s ON s.starelid = a.attrelid AND s.staattnum = a.attnum
WHERE i.indpred IS NULL AND i.indisvalid;

SELECT concat('statistics target ', a.attrelid::regclass, ' ', a.attname, ' ', a.attstattarget, a.attoptions)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind NOT IN ('i', 'I')
WHERE a.attstattarget > 0 AND a.attnum > 0;

SELECT concat(
    'statistics target of an expression of ', i.indrelid::regclass, ' ',
    trim(pg_get_indexdef(i.indexrelid, a.attnum, false), '()'), ' ', a.attstattarget)
FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attstattarget > 0
WHERE i.indpred IS NULL
