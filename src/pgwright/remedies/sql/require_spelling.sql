DO $block$
DECLARE
    place record;
    example text;
BEGIN
    FOR place IN
        SELECT * FROM (VALUES
            {places}
        ) AS places (table_name, column_name, spelling)
    LOOP
        EXECUTE format(
            'SELECT %2$s::text FROM %1$s WHERE %2$s::text <> %3$s LIMIT 1',
            place.table_name, place.column_name, place.spelling
        ) INTO example;
        IF example IS NOT NULL THEN
            RAISE EXCEPTION '% of %: a UUID is spelled unlike the others, %',
                place.column_name, place.table_name, quote_literal(left(example, 100))
                USING HINT = 'Old code looks keys up as texts, new code writes them in one spelling: give all of them '
                    'that one, then run this again; nothing was converted.';
        END IF;
    END LOOP;
END $block$
