DO $block$
DECLARE
    identity record;
    last_value bigint;
    is_called boolean;
BEGIN
    SELECT c.relname, n.nspname, a.attidentity, s.seqstart, s.seqincrement, s.seqmin, s.seqcache, s.seqcycle,
        CASE WHEN s.seqmax IN (32767, 2147483647, 9223372036854775807) THEN '' ELSE ' MAXVALUE ' || s.seqmax END AS most
    INTO identity
    FROM pg_attribute a
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
        AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_class c ON c.oid = d.objid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_sequence s ON s.seqrelid = c.oid
    WHERE a.attrelid = {table_name}::regclass AND a.attname = {column_name};
    EXECUTE format('SELECT last_value, is_called FROM %I.%I', identity.nspname, identity.relname)
    INTO last_value, is_called;
    ALTER TABLE {table} ALTER COLUMN {column} DROP IDENTITY;
    {names};
    EXECUTE format(
        'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %I.%I '
        'START WITH %s INCREMENT BY %s MINVALUE %s%s CACHE %s%s)',
        {table_name}, {column_name}, CASE identity.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, identity.nspname, identity.relname,
        identity.seqstart, identity.seqincrement, identity.seqmin, identity.most, identity.seqcache,
        CASE WHEN identity.seqcycle THEN ' CYCLE' ELSE '' END
    );
    EXECUTE format('SELECT setval(%L, %s, %L)', format('%I.%I', identity.nspname, identity.relname), last_value, is_called);
END $block$
