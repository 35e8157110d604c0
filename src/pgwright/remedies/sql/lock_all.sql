DECLARE
    began timestamptz := clock_timestamp();
    left_ms integer;
    one text;
BEGIN
    -- All locks together within the time that one may take: who comes after waits for them all.
    FOREACH one IN ARRAY ARRAY[{tables}] LOOP
        left_ms := {budget_ms} - 1000 * extract(epoch FROM clock_timestamp() - began);
        PERFORM set_config('lock_timeout', greatest(left_ms, 1)::text, true);
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', one);
    END LOOP;
