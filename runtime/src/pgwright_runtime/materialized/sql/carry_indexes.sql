-- Builds on a new view the indexes of the one that it replaces, each under a name of its own until the swap; then the
-- unique one, unless one of those does its work. What is in capital letters is replaced by literals.
DO $pgwright$
DECLARE
    before CONSTANT regclass := OLD_RELATION;
    after CONSTANT regclass := NEW_RELATION;
    path CONSTANT text := current_setting('search_path');
    one record;
BEGIN
    PERFORM set_config('search_path', '', true);
    FOR one IN
        SELECT c.relname, pg_get_indexdef(c.oid) AS definition,
            format('CREATE %sINDEX %I ON %s', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname, before)
                AS head
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = before AND i.indisvalid AND c.relname <> INDEX_NAME
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format(
                'CREATE %sINDEX %I ON %s%s',
                CASE WHEN one.head LIKE 'CREATE UNIQUE %' THEN 'UNIQUE ' ELSE '' END,
                'pgwright_' || md5(one.relname), after, substr(one.definition, length(one.head) + 1)
            );
        EXCEPTION WHEN undefined_column THEN
            RAISE WARNING 'the index % goes: %', one.relname, SQLERRM;
        END;
    END LOOP;
    IF NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = after AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = (
            SELECT count(*) FROM pg_attribute a
            WHERE a.attrelid = after AND a.attnum = ANY (i.indkey::int2[]) AND a.attname = ANY (UNIQUE_COLUMNS)
        ) AND i.indnkeyatts = cardinality(UNIQUE_COLUMNS)
    ) THEN
        EXECUTE format(
            'CREATE UNIQUE INDEX %I ON %s (%s)', 'pgwright_' || md5(INDEX_NAME), after,
            (SELECT string_agg(quote_ident(name), ', ' ORDER BY place)
             FROM unnest(UNIQUE_COLUMNS) WITH ORDINALITY AS listed (name, place))
        );
    END IF;
    PERFORM set_config('search_path', path, true);
END
$pgwright$
