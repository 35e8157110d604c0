-- What restoring extended statistics needs: the schema goes when they are restored, the casts stay.
CREATE CAST (bytea AS pg_ndistinct) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_dependencies) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_mcv_list) WITHOUT FUNCTION;
CREATE SCHEMA pgwright_scratch;
