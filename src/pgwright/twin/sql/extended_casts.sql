-- What makes values of serialized forms, for one transaction.
CREATE CAST (bytea AS pg_ndistinct) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_dependencies) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_mcv_list) WITHOUT FUNCTION;
