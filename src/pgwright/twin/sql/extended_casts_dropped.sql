DROP CAST (bytea AS pg_ndistinct);
DROP CAST (bytea AS pg_dependencies);
DROP CAST (bytea AS pg_mcv_list);
