DO $block$
DECLARE
    place record;
    said text;
    granted record;
BEGIN
    FOR place IN
        SELECT places.*, old.attnum AS old_number, old.attrelid AS relid, old.attacl, old.attstattarget,
            old.attoptions
        FROM (VALUES
            {places}
        ) AS places (table_name, old_name, new_name)
        JOIN pg_attribute old ON old.attrelid = places.table_name::regclass AND old.attname = places.old_name
    LOOP
        said := col_description(place.relid, place.old_number);
        IF said IS NOT NULL THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', place.table_name, place.new_name, said);
        END IF;
        IF place.attstattarget >= 0 THEN
            EXECUTE format(
                'ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s',
                place.table_name, place.new_name, place.attstattarget
            );
        END IF;
        IF place.attoptions IS NOT NULL THEN
            EXECUTE format(
                'ALTER TABLE %s ALTER COLUMN %I SET (%s)',
                place.table_name, place.new_name, array_to_string(place.attoptions, ', ')
            );
        END IF;
        FOR granted IN
            SELECT privilege_type, is_grantable,
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
            FROM aclexplode(place.attacl)
        LOOP
            EXECUTE format(
                'GRANT %s (%I) ON %s TO %s%s', granted.privilege_type, place.new_name, place.table_name,
                granted.grantee, CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
            );
        END LOOP;
    END LOOP;
END $block$
