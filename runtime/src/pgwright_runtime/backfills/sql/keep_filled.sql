-- What code that does not know the new columns writes is filled as it is written: a row that is to do is done, and a
-- value that was in step with its row is kept in step. What the app sets itself stays, and no write fails for this.
CREATE OR REPLACE FUNCTION FUNCTION_NAME() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $pgwright$
#variable_conflict use_column
DECLARE
    pgwright_is_to_do boolean;
    VARIABLES
BEGIN
    SELECT CONDITION, VALUES_OF_ROW INTO pgwright_is_to_do, NEW_VARIABLES FROM (SELECT NEW.*) AS TABLE_ALIAS;
    IF TG_OP = 'INSERT' THEN
        IF pgwright_is_to_do THEN
            FILL_ALL
        END IF;
    ELSE
        IF NOT pgwright_is_to_do THEN
            SELECT VALUES_OF_ROW INTO OLD_VARIABLES FROM (SELECT OLD.*) AS TABLE_ALIAS;
        END IF;
        FILL_EACH
    END IF;
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    RETURN NEW; -- the row is left to the backfill, which says what is wrong with it
END $pgwright$
