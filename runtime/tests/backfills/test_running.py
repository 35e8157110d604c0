"""Backfills: declared by a revision, run in batches, resumed, and known to be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, make_url

from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.backfills import (
    UnknownBackfill,
    UntrustedBackfills,
    async_is_backfilled,
    backfill_states,
    is_backfilled,
    plan_backfills,
    run_backfills,
)
from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.errors import BackfillGone
from pgwright_runtime.backfills.target import find_target
from pgwright_runtime.batches import BatchMetrics, BatchProgress, Pace, StopFlag
from pgwright_runtime.batches.run import running
from runtime.tests.support.backfill_notes import NAME, QUICK, declare, revising
from tests.support.database import Database

ROWS = 3_000
SMALL_STEPS = Pace(busy=1, first_rows=100, most_rows=100)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    database.execute(
        "CREATE TABLE note (id bigint PRIMARY KEY, title text NOT NULL, title_lower text);"
        f"INSERT INTO note SELECT n, 'Title ' || n FROM generate_series(1, {ROWS}) n; ANALYZE note"
    )
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


def left(database: Database) -> object:
    return database.rows("SELECT count(*) FROM note WHERE title_lower IS DISTINCT FROM lower(title)")[0][0]


def state(engine: Engine) -> Any:
    with engine.connect() as connection:
        return backfill_states(connection)[0]


def test_every_row_is_done_and_that_is_known(engine: Engine, database: Database) -> None:
    declare(engine, reads="the title, in small letters")
    with engine.connect() as connection:
        assert not is_backfilled(connection, NAME)
        assert not is_backfilled(connection, "unheard of")
    (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.changed, ran.left, ran.ended, ran.left_out) == (True, ROWS, 0, "done", {})
    assert left(database) == 0
    with engine.connect() as connection:
        assert is_backfilled(connection, NAME)
    found = state(engine)
    assert (found.state, found.changed, found.reads) == ("done", ROWS, "the title, in small letters")
    assert found.rate > 0
    assert run_backfills(engine) == ()
    assert run_backfills(engine, [NAME])[0].ended == "done before"


async def test_an_async_engine_does_the_same(engine: Engine, database: Database) -> None:
    declare(engine)
    other = create_async_engine(database.url())
    assert (await plan_backfills(other))[0].left == ROWS
    (ran,) = await run_backfills(other, pace=QUICK)
    async with other.connect() as connection:
        assert await async_is_backfilled(connection, NAME)
    await other.dispose()
    assert (ran.is_done, left(database)) == (True, 0)


def test_a_plan_writes_nothing(engine: Engine, database: Database) -> None:
    declare(engine)
    (plan,) = plan_backfills(engine)
    assert (plan.left, plan.walk, plan.is_done, plan.refusals) == (ROWS, "along id", False, ())
    assert (left(database), state(engine).state) == (ROWS, "declared")


KEYS = {
    "none": ("n bigint", "n"),
    "two columns": ("a int, b text, PRIMARY KEY (b, a)", "n % 7, 'b' || n"),
    "uuid": ("id uuid PRIMARY KEY", "md5(n::text)::uuid"),
    "moments": ("id timestamptz PRIMARY KEY", "CASE n WHEN 1 THEN '-infinity' ELSE now() + n * interval '1 s' END"),
    "days": ("id date PRIMARY KEY", "CASE n WHEN 1 THEN 'infinity' ELSE date '0001-01-01 BC' + n END"),
    "numbers": ("id double precision PRIMARY KEY", "CASE n WHEN 1 THEN 'NaN' ELSE n / 3.0 END"),
    "lists": ("id int[] PRIMARY KEY", "ARRAY[n, n % 3]"),
    "bytes": ("id bytea PRIMARY KEY", "decode(md5(n::text), 'hex')"),
    "an enum and a number": ("m mood, n int, PRIMARY KEY (m, n)", "(ARRAY['so', 'Good: %s'])[n % 2 + 1]::mood, n"),
    "unique, not the primary key": ('"The: Key%" text NOT NULL UNIQUE', "'b''' || n"),
}


@pytest.mark.parametrize("key", KEYS)
def test_rows_are_walked_along_keys_of_any_type(engine: Engine, database: Database, key: str) -> None:
    columns, values = KEYS[key]
    database.execute(
        "CREATE TYPE mood AS ENUM ('so', 'Good: %s'); DROP TABLE note;"
        f"CREATE TABLE note ({columns}, title text NOT NULL DEFAULT 'A', title_lower text);"
        f"INSERT INTO note SELECT {values} FROM generate_series(1, {ROWS}) n; ANALYZE note;"
        f"ALTER DATABASE {database.name} SET datestyle = 'SQL, DMY'"
    )
    declare(engine)
    stop = StopFlag()
    (ran,) = run_backfills(engine, pace=SMALL_STEPS, stop=stop, progress=lambda told: stop.set())
    assert (ran.is_done, ran.ended) == (False, "stopped: asked to stop")
    assert 0 < ran.changed < ROWS
    database.execute(f"ALTER DATABASE {database.name} SET datestyle = 'SQL, MDY'")
    elsewhere = create_engine(database.url(), pool_size=3)
    (ran,) = run_backfills(elsewhere, pace=SMALL_STEPS)
    elsewhere.dispose()
    assert (ran.is_done, left(database)) == (True, 0)
    # What the first run did was not looked at again before the end.
    assert ran.changed < ROWS


def test_partitions_are_walked_as_one_table(engine: Engine, database: Database) -> None:
    database.execute(
        "DROP TABLE note;"
        "CREATE TABLE note (id int, day int, title text NOT NULL DEFAULT 'A', title_lower text, PRIMARY KEY (id, day))"
        " PARTITION BY RANGE (day);"
        "CREATE TABLE note_1 PARTITION OF note FOR VALUES FROM (0) TO (5);"
        "CREATE TABLE note_2 PARTITION OF note DEFAULT;"
        f"INSERT INTO note SELECT n, n % 10 FROM generate_series(1, {ROWS}) n"
    )
    declare(engine, keep_filled=True)
    (ran,) = run_backfills(engine, [NAME], pace=SMALL_STEPS)
    assert (ran.is_done, left(database)) == (True, 0)


def test_rows_that_the_app_holds_are_come_back_to(engine: Engine, database: Database) -> None:
    declare(engine)
    with psycopg.connect(database.dsn) as app:
        app.execute("UPDATE note SET title = 'By The App' WHERE id = 7")
        walked: list[str] = []

        def let_go(told: BatchProgress) -> None:
            walked.append(told.job)
            if told.job != NAME:
                app.commit()

        (ran,) = run_backfills(engine, pace=QUICK, progress=let_go)
    assert (ran.is_done, left(database)) == (True, 0)
    assert list(dict.fromkeys(walked)) == [NAME, f"{NAME}: what is left"]


def test_rows_that_stay_held_leave_it_undone(engine: Engine, database: Database) -> None:
    declare(engine)
    with psycopg.connect(database.dsn) as app:
        app.execute("SELECT FROM note WHERE id = 7 FOR UPDATE")
        (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.left, ran.changed) == (False, 1, ROWS - 1)
    assert run_backfills(engine, pace=QUICK)[0].is_done


def test_a_row_that_cannot_be_converted_is_stepped_over_and_told(engine: Engine, database: Database) -> None:
    database.execute("ALTER TABLE note ADD number int; UPDATE note SET title = id; ANALYZE note")
    database.execute("UPDATE note SET title = 'secret ' || id WHERE id IN (5, 777, 2999)")
    declare(engine, sets={"number": "title::int"}, where="number IS NULL")
    (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.changed, ran.left) == (False, ROWS - 3, 3)
    assert ran.ended == "rows are left that cannot be done"
    assert ran.left_out == {"has data that the expression cannot take (22P02)": 3}
    assert [one.key for one in ran.failed] == [("5",), ("777",), ("2999",)]
    assert "secret" not in str(ran)
    assert state(engine).stepped_over == 3
    with engine.connect() as connection:
        assert not is_backfilled(connection, NAME)
    database.execute("UPDATE note SET title = '0' WHERE title LIKE 'secret%'")
    assert run_backfills(engine, pace=QUICK)[0].is_done


def test_a_condition_that_holds_for_what_was_set_is_told(engine: Engine, database: Database) -> None:
    database.execute("ALTER TABLE note ALTER title DROP NOT NULL; UPDATE note SET title = NULL WHERE id > 2990")
    declare(engine)
    (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.left, ran.changed) == (False, 10, ROWS - 10)
    (why,) = ran.left_out
    assert why.startswith("still to do after its columns were set")


def test_rows_that_a_trigger_keeps_are_told(engine: Engine, database: Database) -> None:
    database.execute(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER keep BEFORE UPDATE ON note FOR EACH ROW WHEN (OLD.id < 4) EXECUTE FUNCTION keep()"
    )
    declare(engine)
    assert plan_backfills(engine)[0].triggers == ("keep",)
    (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.left, ran.left_out) == (False, 3, {"kept as they were by a trigger or a rule": 3})


def test_a_constraint_that_is_deferred_blames_its_row(engine: Engine, database: Database) -> None:
    database.execute(
        "CREATE TABLE kind (name text PRIMARY KEY); INSERT INTO kind SELECT lower(title) FROM note WHERE id <> 9;"
        "ALTER TABLE note ADD FOREIGN KEY (title_lower) REFERENCES kind DEFERRABLE INITIALLY DEFERRED"
    )
    declare(engine)
    (ran,) = run_backfills(engine, pace=QUICK)
    assert ([one.key for one in ran.failed], ran.left) == ([("9",)], 1)


def test_a_fault_of_the_expression_itself_is_an_error(engine: Engine) -> None:
    declare(engine, sets={"title_lower": "no_such_function(title)"})
    with pytest.raises(Exception, match="no_such_function"):
        run_backfills(engine, pace=QUICK)


def test_whoever_refers_to_a_row_need_not_wait_for_the_batch(engine: Engine, database: Database) -> None:
    database.execute("CREATE TABLE comment (note_id bigint REFERENCES note)")
    declared = Backfill(NAME, "note", {"title_lower": "lower(title)"}, "true")
    with engine.begin() as batch, psycopg.connect(database.dsn) as app:
        walk = find_target(batch, declared).walk("true", "no key update")
        assert len(walk.find(batch, None, 10).rows) == 10
        app.execute("SET lock_timeout = '1s'")
        app.execute("INSERT INTO comment VALUES (1)")


def test_two_never_run_at_once(engine: Engine, database: Database) -> None:
    declare(engine)
    with running(engine, lambda seconds: None, f"backfill public.{NAME}", pace=QUICK):
        (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.ended, left(database)) == (False, "runs already, in another process", ROWS)


def test_one_that_is_dropped_while_it_runs_ends(engine: Engine, database: Database) -> None:
    declare(engine)
    with pytest.raises(BackfillGone):
        run_backfills(engine, pace=SMALL_STEPS, progress=lambda told: database.execute("DELETE FROM pgwright_backfill"))
    assert left(database) == ROWS - 100


def test_its_time_ends_it(engine: Engine) -> None:
    declare(engine)
    (ran,) = run_backfills(engine, limit_s=0)
    assert (ran.is_done, ran.ended, ran.changed) == (False, "out of time", 0)


def test_the_expressions_mean_what_they_meant_where_they_were_declared(engine: Engine, database: Database) -> None:
    database.execute("CREATE SCHEMA own; CREATE FUNCTION own.f(text) RETURNS text RETURN lower($1)")
    with revising(engine) as op:
        op.execute("SET LOCAL search_path = public, own")
        op.declare_backfill(NAME, table="note", sets={"title_lower": "f(title)"}, where="title_lower IS NULL")
    assert run_backfills(engine, pace=QUICK)[0].is_done
    assert left(database) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("ALTER TABLE note DROP title_lower", 'has no column "title_lower"'),
        ("ALTER TABLE note RENAME TO other", "the database has no table"),
        ("ALTER TABLE note RENAME TO n; CREATE VIEW note AS SELECT * FROM n", "is no table whose rows"),
        ("ALTER TABLE note DROP title_lower, ADD title_lower text GENERATED ALWAYS AS (title) STORED", "generates"),
    ],
)
def test_what_cannot_run_says_why(engine: Engine, database: Database, change: str, reason: str) -> None:
    declare(engine)
    database.execute(change)
    (ran,) = run_backfills(engine)
    assert (ran.is_done, ran.ended) == (False, "refused")
    assert reason in ran.refusals[0]
    assert plan_backfills(engine)[0].refusals == ran.refusals


@pytest.mark.parametrize(
    ("key", "reason"),
    [(["title_lower"], "is a column that rows are walked along"), (["title"], "no index"), (["x"], "no column")],
)
def test_a_key_that_cannot_be_walked_says_why(engine: Engine, key: list[str], reason: str) -> None:
    declare(engine, key=key)
    assert reason in run_backfills(engine)[0].refusals[0]


def test_a_role_that_does_not_see_all_rows_is_refused(engine: Engine, database: Database) -> None:
    database.execute(
        f"CREATE ROLE seer_{database.name} LOGIN; ALTER TABLE note ENABLE ROW LEVEL SECURITY;"
        f"GRANT ALL ON note TO seer_{database.name}"
    )
    declare(engine)
    database.execute(f"GRANT ALL ON pgwright_backfill TO seer_{database.name}")
    other = create_engine(make_url(database.url()).set(username=f"seer_{database.name}"))
    (ran,) = run_backfills(other)
    other.dispose()
    database.execute(f"DROP OWNED BY seer_{database.name}; DROP ROLE seer_{database.name}")
    assert "row-level security hides rows" in ran.refusals[0]


@pytest.mark.parametrize("right", ["UPDATE", "INSERT", "TRIGGER", "UPDATE (sets)"])
def test_what_others_may_have_written_is_not_run(engine: Engine, database: Database, right: str) -> None:
    declare(engine)
    database.execute(f"GRANT {right} ON pgwright_backfill TO PUBLIC")
    for verb in (run_backfills, plan_backfills):
        with pytest.raises(UntrustedBackfills, match="PUBLIC"):
            verb(engine)
    assert left(database) == ROWS


def test_names_that_nobody_declared_are_an_error(engine: Engine) -> None:
    with pytest.raises(UnknownBackfill, match="'x' is declared"):
        run_backfills(engine, ["x"])
    declare(engine)
    with pytest.raises(UnknownBackfill, match="'x', 'y'"):
        run_backfills(engine, ["y", NAME, "x"])


def test_metrics_name_the_backfill(engine: Engine) -> None:
    declare(engine)
    registry = CollectorRegistry()
    run_backfills(engine, pace=QUICK, metrics=BatchMetrics(registry))
    assert registry.get_sample_value("pgwright_batches_rows_total", {"job": NAME}) == ROWS
    assert registry.get_sample_value("pgwright_batches_finished_timestamp_seconds", {"job": NAME})
