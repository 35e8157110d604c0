-- A row is a server setting, with the value that a new session gets: ours are changed for this transaction.
SELECT
    s.name,
    coalesce(
        CASE WHEN s.setting = s.reset_val THEN current_setting(s.name, true) END, s.reset_val || coalesce(s.unit, '')
    ) AS value,
    s.reset_val AS raw,
    s.reset_val IS NOT DISTINCT FROM s.boot_val AS is_default,
    s.category LIKE 'Query Tuning%'
        OR s.name IN (
            'work_mem', 'hash_mem_multiplier', 'max_parallel_workers', 'max_parallel_workers_per_gather',
            'effective_io_concurrency', 'parallel_leader_participation', 'temp_buffers'
        ) AS is_planner
FROM pg_settings s
WHERE s.category <> 'Preset Options' AND s.reset_val IS NOT NULL
ORDER BY s.name
