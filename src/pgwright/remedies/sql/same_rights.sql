DO $block$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT places.view_name, acl.privilege_type, acl.is_grantable,
            CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS grantee
        FROM (VALUES
            {places}
        ) AS places (table_name, view_name)
        JOIN pg_class c ON c.oid = places.table_name::regclass
        CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
        WHERE acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format(
            'GRANT %s ON %s TO %s%s',
            place.privilege_type, place.view_name, place.grantee,
            CASE WHEN place.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        );
    END LOOP;
END $block$
