-- Puts a new view in the place of an old one, and what hangs on the old one on the new: its name, owner, privileges,
-- comment, parameters, the names of its indexes, and the plain views that read it. Its readers wait from here to the
-- commit. Whoever waits for a lock holds up all who come after, so this waits shortly, and tries again.
-- What is in capital letters is replaced by literals.
DO $pgwright$
DECLARE
    before CONSTANT regclass := OLD_RELATION;
    after CONSTANT regclass := NEW_RELATION;
    home CONSTANT regnamespace := (SELECT relnamespace FROM pg_class WHERE oid = before);
    path CONSTANT text := current_setting('search_path');
    patience CONSTANT text := current_setting('lock_timeout');
    gone CONSTANT text := concat('old_', left(md5(before::oid::text), 8), '_', VIEW_NAME);
    replaced CONSTANT text := 'Replaced by pgwright, and dropped when no materialized view reads it any more.';
    one record;
    statement text;
    readers text[];
BEGIN
    -- Every name is written in full, and none of the user's hides one of the server's.
    PERFORM set_config('search_path', '', true), set_config('lock_timeout', '2s', true);
    -- Nobody uses the new one yet: what it gets now keeps nobody waiting.
    FOR statement IN
        SELECT format('ALTER MATERIALIZED VIEW %s OWNER TO %I', after, pg_get_userbyid(o.relowner))
        FROM pg_class o JOIN pg_class n ON n.oid = after AND n.relowner <> o.relowner
        WHERE o.oid = before
        UNION ALL
        SELECT format('ALTER MATERIALIZED VIEW %s SET (%s)', after, array_to_string(reloptions, ', '))
        FROM pg_class WHERE oid = before AND reloptions IS NOT NULL
        UNION ALL
        SELECT format('COMMENT ON MATERIALIZED VIEW %s IS %L', after, obj_description(before, 'pg_class'))
        WHERE obj_description(before, 'pg_class') IS NOT NULL
        UNION ALL
        SELECT format(
            'GRANT %s ON %s TO %s%s', g.privilege_type, after,
            CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END
        )
        FROM pg_class c, aclexplode(c.relacl) AS g
        WHERE c.oid = before AND g.grantee <> c.relowner
    LOOP
        EXECUTE statement;
    END LOOP;
    SELECT array_agg(format(
        'CREATE OR REPLACE VIEW %s%s AS %s', c.oid::regclass,
        ' WITH (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid)
    )) INTO readers
    FROM pg_class c
    WHERE c.relkind = 'v' AND EXISTS (
        SELECT FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = before
    );
    FOR attempt IN 1..20 LOOP
        BEGIN
            EXECUTE format('ALTER MATERIALIZED VIEW %s RENAME TO %I', before, gone);
            EXECUTE format('ALTER MATERIALIZED VIEW %s RENAME TO %I', after, VIEW_NAME);
            FOREACH statement IN ARRAY coalesce(readers, '{}') LOOP
                EXECUTE statement;
            END LOOP;
            FOR one IN
                SELECT c.relname AS own, 'pgwright_' || md5(c.relname) AS built
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = before
                UNION
                SELECT INDEX_NAME, 'pgwright_' || md5(INDEX_NAME)
            LOOP
                IF EXISTS (SELECT FROM pg_class WHERE relnamespace = home AND relname = one.own) THEN
                    EXECUTE format('ALTER INDEX %s.%I RENAME TO %I', home, one.own, 'old_' || md5(one.own));
                END IF;
                EXECUTE format('ALTER INDEX IF EXISTS %s.%I RENAME TO %I', home, one.built, one.own);
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = 20 THEN
                RAISE;
            END IF;
        END;
        PERFORM pg_sleep(0.1 + random());
    END LOOP;
    EXECUTE format('COMMENT ON MATERIALIZED VIEW %s IS %L', before, replaced);
    -- Views that read the replaced one are replaced next, and what they read until then goes with the last of them.
    LOOP
        SELECT c.oid::regclass AS name INTO one
        FROM pg_class c
        WHERE c.relkind = 'm' AND obj_description(c.oid, 'pg_class') = replaced AND NOT EXISTS (
            SELECT FROM pg_depend d
            JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> c.oid
            JOIN pg_class reader ON reader.oid = r.ev_class AND reader.relkind = 'm'
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
        )
        LIMIT 1;
        EXIT WHEN one.name IS NULL;
        EXECUTE format('DROP MATERIALIZED VIEW %s', one.name);
    END LOOP;
    PERFORM set_config('search_path', path, true), set_config('lock_timeout', patience, true);
END
$pgwright$
