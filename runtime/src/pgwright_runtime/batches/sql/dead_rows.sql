-- One row for each table, or partition of one: its dead rows, and from how many on autovacuum comes.
WITH settings AS (
    SELECT
        pg_catalog.max(s.setting) FILTER (WHERE s.name = 'autovacuum') = 'on'
            AND pg_catalog.max(s.setting) FILTER (WHERE s.name = 'track_counts') = 'on' AS is_on,
        pg_catalog.max(s.setting) FILTER (WHERE s.name = 'autovacuum_vacuum_threshold')::double precision AS base,
        pg_catalog.max(s.setting) FILTER (WHERE s.name = 'autovacuum_vacuum_scale_factor')::double precision AS scale,
        pg_catalog.max(s.setting) FILTER (WHERE s.name = 'autovacuum_vacuum_max_threshold')::double precision AS most
    FROM pg_catalog.pg_settings s
    WHERE s.name IN ('autovacuum', 'track_counts', 'autovacuum_vacuum_threshold', 'autovacuum_vacuum_scale_factor',
        'autovacuum_vacuum_max_threshold')
)
SELECT
    c.oid::regclass::text AS table_name,
    pg_catalog.pg_stat_get_dead_tuples(c.oid)::double precision AS dead,
    s.is_on AND COALESCE(o.is_enabled, true) AS is_vacuumed,
    LEAST(
        COALESCE(o.base, s.base) + COALESCE(o.scale, s.scale) * GREATEST(c.reltuples, 0),
        -- Since 18; -1 switches it off.
        CASE WHEN s.most >= 0 THEN s.most END) AS threshold
FROM pg_catalog.json_array_elements_text(CAST(:tables AS pg_catalog.json)) AS t (name)
CROSS JOIN LATERAL (
    SELECT pg_catalog.to_regclass(t.name)::oid
    UNION
    SELECT p.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(t.name)) AS p WHERE p.isleaf
) AS l (relid)
JOIN pg_catalog.pg_class c ON c.oid = l.relid AND c.relkind = 'r'
CROSS JOIN settings s
LEFT JOIN LATERAL (
    SELECT
        pg_catalog.bool_and(v.value <> 'false' AND v.value <> 'off') FILTER (WHERE v.key = 'autovacuum_enabled') AS is_enabled,
        pg_catalog.max(v.value) FILTER (WHERE v.key = 'autovacuum_vacuum_threshold')::double precision AS base,
        pg_catalog.max(v.value) FILTER (WHERE v.key = 'autovacuum_vacuum_scale_factor')::double precision AS scale
    FROM (
        SELECT pg_catalog.split_part(x, '=', 1) AS key, pg_catalog.split_part(x, '=', 2) AS value
        FROM pg_catalog.unnest(c.reloptions) AS x) AS v
) o ON true
