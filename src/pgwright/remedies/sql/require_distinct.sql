DO $block$
DECLARE
    place record;
    example text;
BEGIN
    FOR place IN
        SELECT * FROM (VALUES
            {places}
        ) AS places (table_name, columns, keys, condition)
    LOOP
        EXECUTE format(
            'SELECT row(%2$s)::text FROM %1$s WHERE %3$s '
            'GROUP BY %2$s HAVING count(*) > 1 LIMIT 1',
            place.table_name, place.keys, place.condition
        ) INTO example;
        IF example IS NOT NULL THEN
            RAISE EXCEPTION 'unique (%) of %: several texts are the same UUID, for example %',
                place.columns, place.table_name, example
                USING HINT = 'Keep one of them and run this again; nothing was converted.';
        END IF;
    END LOOP;
END $block$
