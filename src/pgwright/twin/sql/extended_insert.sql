INSERT INTO pg_statistic_ext_data (stxoid, stxdinherit, stxdndistinct, stxddependencies)
VALUES (%s, %s, %s::bytea::pg_ndistinct, %s::bytea::pg_dependencies)
