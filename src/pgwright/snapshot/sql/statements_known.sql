-- One row: whether the server has loaded pg_stat_statements, installed here or not. Its settings exist only then.
SELECT EXISTS (SELECT FROM pg_settings s WHERE s.name = 'pg_stat_statements.max') AS is_loaded
