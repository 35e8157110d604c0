-- One row: bytes of the database; needs CONNECT on it or pg_read_all_stats.
SELECT pg_database_size(current_database()) AS database_bytes
