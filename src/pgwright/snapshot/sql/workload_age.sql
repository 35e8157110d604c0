-- One row: since when pg_stat_statements counts, and how often it made room, each time for the rarest twentieth.
-- /*relation*/ is the call of its function pg_stat_statements_info, which exists from PostgreSQL 14 on.
SELECT
    extract(epoch FROM clock_timestamp() - i.stats_reset)::float8 AS seconds,
    i.dealloc AS times,
    i.stats_reset::date::text AS since,
    current_setting('pg_stat_statements.max')::int AS most
FROM /*relation*/ i
