INSERT INTO pg_statistic_ext_data (stxoid, stxdinherit, stxdndistinct, stxddependencies)
VALUES (%(oid)s, %(is_inherited)s, %(distinct)s::bytea::pg_ndistinct, %(dependencies)s::bytea::pg_dependencies)
