"""What code that does not know the new column writes, while a backfill is declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from pgwright_runtime import create_engine
from pgwright_runtime.backfills import run_backfills
from runtime.tests.support.backfill_notes import NAME, QUICK, declare, revising
from tests.support.database import Database

ROWS = 10_000


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    database.execute(
        'CREATE TABLE "The note" (id bigint PRIMARY KEY, title text, title_lower text, found int, extra json,'
        " padding text);"
        f"INSERT INTO \"The note\" SELECT n, 'Title ' || n, NULL, n, '{{}}', repeat('x', 200)"
        f" FROM generate_series(1, {ROWS}) n"
    )
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


def lower(database: Database, key: int) -> object:
    return database.rows(f'SELECT title_lower FROM "The note" WHERE id = {key}')[0][0]


def test_what_old_code_writes_is_filled_and_kept_in_step(engine: Engine, database: Database) -> None:
    declare(engine, table="The note", keep_filled=True)
    database.execute("INSERT INTO \"The note\" (id, title) VALUES (0, 'New')")
    assert lower(database, 0) == "new"
    database.execute("UPDATE \"The note\" SET title = 'Newer' WHERE id = 0")
    assert lower(database, 0) == "newer"
    database.execute("UPDATE \"The note\" SET title = 'First' WHERE id = 1")
    assert lower(database, 1) == "first"


def test_what_new_code_writes_stays(engine: Engine, database: Database) -> None:
    declare(engine, table="The note", keep_filled=True)
    database.execute("INSERT INTO \"The note\" (id, title, title_lower) VALUES (0, 'New', 'own')")
    assert lower(database, 0) == "own"
    database.execute("UPDATE \"The note\" SET title = 'Newer', title_lower = 'other' WHERE id = 0")
    assert lower(database, 0) == "other"
    # It was not in step, so it was meant to differ.
    database.execute("UPDATE \"The note\" SET title = 'Newest' WHERE id = 0")
    assert lower(database, 0) == "other"


def test_what_is_drawn_by_chance_is_drawn_once(engine: Engine, database: Database) -> None:
    declare(engine, table="The note", sets={"title_lower": "gen_random_uuid()"}, keep_filled=True)
    run_backfills(engine, pace=QUICK)
    before = lower(database, 1)
    database.execute("UPDATE \"The note\" SET title = 'x' WHERE id = 1")
    assert lower(database, 1) == before is not None


def test_a_write_does_not_fail_for_what_cannot_be_converted(engine: Engine, database: Database) -> None:
    sets = {"found": "title::int", "extra": "to_json(title)"}
    declare(engine, table="The note", sets=sets, where="found IS NULL", keep_filled=True)
    database.execute("INSERT INTO \"The note\" (id, title) VALUES (0, 'x'), (-1, '7')")
    rows = "SELECT id, found, extra #>> '{}' FROM \"The note\" WHERE id < 1 ORDER BY id"
    assert database.rows(rows) == [(-1, 7, "7"), (0, None, None)]
    database.execute(
        "UPDATE \"The note\" SET title = '8' WHERE id = -1; UPDATE \"The note\" SET title = '9' WHERE id = 0"
    )
    assert database.rows(rows) == [(-1, 8, "8"), (0, 9, "9")]


def test_it_comes_after_the_triggers_of_the_app(engine: Engine, database: Database) -> None:
    database.execute(
        "CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.title := trim(NEW.title); RETURN NEW; END';"
        'CREATE TRIGGER trimmed BEFORE INSERT OR UPDATE ON "The note" FOR EACH ROW EXECUTE FUNCTION trimmed()'
    )
    declare(engine, table="The note", keep_filled=True)
    database.execute("INSERT INTO \"The note\" (id, title) VALUES (0, ' New ')")
    assert lower(database, 0) == "new"


def test_it_goes_with_the_backfill(engine: Engine, database: Database) -> None:
    declare(engine, table="The note", keep_filled=True)
    with revising(engine) as op:
        op.drop_backfill(NAME)
    assert database.rows("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]
    assert database.rows("SELECT count(*) FROM pg_proc WHERE proname LIKE 'pgwright%'") == [(0,)]
    database.execute("INSERT INTO \"The note\" (id, title) VALUES (0, 'New')")
    assert lower(database, 0) is None


def test_names_of_any_length_stay_apart(engine: Engine, database: Database) -> None:
    names = [f"{'long ' * 20}%s:x {number}" for number in (1, 2)]
    for name in names:
        declare(engine, name, table="The note", keep_filled=True)
    assert database.rows("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(4,)]
    assert [one.is_done for one in run_backfills(engine, names, pace=QUICK)] == [True, True]
    with revising(engine) as op:
        op.drop_backfill(names[0])
    assert database.rows("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(2,)]
