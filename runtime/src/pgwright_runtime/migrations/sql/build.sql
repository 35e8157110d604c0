-- At most one row: how far the concurrent build of a session is.
SELECT p.phase, p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total, p.lockers_done, p.lockers_total,
    p.current_locker_pid
FROM pg_catalog.pg_stat_progress_create_index p
WHERE p.pid = CAST(:pid AS integer)
