DO $block$
DECLARE
    place record;
    bad bigint;
    example text;
BEGIN
    FOR place IN
        SELECT * FROM (VALUES
            {places}
        ) AS places (table_name, column_name, pattern)
    LOOP
        EXECUTE format(
            'SELECT count(*), min(%2$s::text) FROM %1$s '
            'WHERE %2$s::text !~* %3$L',
            place.table_name,
            place.column_name,
            place.pattern
        ) INTO bad, example;
        IF bad > 0 THEN
            RAISE EXCEPTION '% of %: % values are no UUID, for example %',
                place.column_name, place.table_name, bad, quote_literal(left(example, 100))
                USING HINT = 'Correct or delete them and run this again; nothing was converted.';
        END IF;
    END LOOP;
END $block$
