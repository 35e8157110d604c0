-- CREATE STATISTICS has made the row; there is one for a table and its children together.
UPDATE pg_statistic_ext_data
SET stxdndistinct = %(distinct)s::bytea::pg_ndistinct, stxddependencies = %(dependencies)s::bytea::pg_dependencies
WHERE stxoid = %(oid)s
