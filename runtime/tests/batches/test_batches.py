"""Batches of bounded time, that go on where they ended, give way, and try again what may be tried again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    make_url,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from pgwright_runtime import Timeouts, create_async_engine, create_engine
from pgwright_runtime.batches import (
    Acted,
    BatchJob,
    BatchMetrics,
    BatchProgress,
    BatchStep,
    BatchTooSlow,
    FoundRow,
    KeyWalk,
    Pace,
    StopFlag,
    run_batches,
    stopping_at_signals,
)
from pgwright_runtime.batches.pace import BatchSize
from pgwright_runtime.batches.rows import by_table, is_at
from tests.support.database import Database

ROWS = 5_000
QUICK = Pace(busy=1)
METADATA = MetaData()
THING = Table(
    "thing", METADATA, Column("id", BigInteger, primary_key=True), Column("old", Integer), Column("new", Text)
)  # fmt: skip


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url(), pool_size=3, application_name="batches")
    METADATA.create_all(engine)
    database.execute(f"INSERT INTO thing SELECT n, n % 10 FROM generate_series(1, {ROWS}) n; ANALYZE thing")
    yield engine
    engine.dispose()


def fill(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
    """The act of a backfill."""
    done = 0
    for oid, tids in by_table(row.address for row in rows):
        done += connection.execute(update(THING).where(is_at(THING, oid, tids)).values(new="done")).rowcount
    return Acted({"thing": done}, len(rows))


def backfill(act: Any = fill, **settings: Any) -> BatchJob:
    walk = KeyWalk(THING, THING.c.new.is_(None), key=(THING.c.id,), by_windows=True)
    return BatchJob("backfill", walk, act, ("thing",), total=ROWS, **settings)


def number(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def left(engine: Engine) -> int:
    return number(engine, "SELECT count(*) FROM thing WHERE new IS NULL")


def test_a_backfill_does_each_row_once(engine: Engine) -> None:
    ran = run_batches(engine, [backfill()], lock="backfill", pace=QUICK)
    assert ran.end.word == "done"
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)
    assert ran.tallies[0].batches > 5
    assert run_batches(engine, [backfill()], lock="backfill", pace=QUICK).tallies[0].rows == 0


async def test_an_async_engine_does_the_same(engine: Engine, database: Database) -> None:
    other = create_async_engine(database.url())
    ran = await run_batches(other, [backfill()], lock="backfill", pace=QUICK)
    await other.dispose()
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "SERIALIZABLE", "REPEATABLE READ"])
def test_the_isolation_of_the_apps_engine_is_not_that_of_batches(
    engine: Engine, database: Database, level: Any
) -> None:
    other = create_engine(database.url(), isolation_level=level)
    assert run_batches(other, [backfill()], lock="backfill", pace=QUICK).tallies[0].rows == ROWS
    other.dispose()


def test_the_size_follows_the_time_of_the_last_batch() -> None:
    size = BatchSize(Pace(batch_ms=50, first_rows=100, most_rows=1_000))
    sizes = []
    for seconds in (0.001, 0.001, 0.001, 0.001, 0.1, 5.0):
        size.took(seconds, was_full=True)
        sizes.append(size.rows)
    assert sizes == [200, 400, 800, 1_000, 500, 125]
    size.took(0.001, was_full=False)
    assert size.rows == 125


@pytest.mark.parametrize("fixed_s", [0.0, 0.03, 0.2, 2.0])
def test_the_size_does_not_shrink_for_what_a_batch_takes_without_rows(fixed_s: float) -> None:
    size = BatchSize(Pace(batch_ms=50, first_rows=100))
    sizes = []
    for _ in range(200):
        sizes.append(size.rows)
        size.took(fixed_s + 0.0001 * size.rows, was_full=True)
    # 500 rows take 50 ms; where the rest takes longer than all rows, fewer of them would help nobody.
    assert min(sizes[20:]) >= 50
    assert max(sizes[20:]) <= 1_000


def test_a_row_that_is_updated_while_it_is_waited_for_is_judged_anew(engine: Engine, database: Database) -> None:
    def act(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        return fill(connection, rows)

    with psycopg.connect(database.dsn) as other:
        other.execute("UPDATE thing SET new = 'by the app' WHERE id = 10")
        ran = run_batches(engine, [backfill(act)], lock="backfill", pace=QUICK)
        other.commit()
    assert ran.tallies[0].rows == ROWS - 1
    assert number(engine, "SELECT count(*) FROM thing WHERE new = 'by the app'") == 1


def test_a_position_that_the_job_keeps_commits_with_its_work(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE place (id bigint)"))
        connection.execute(text("INSERT INTO place VALUES (0)"))
    stop = StopFlag()

    def add_one(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        """An act that may not be done twice, and leaves no mark of its own."""
        for oid, tids in by_table(row.address for row in rows):
            connection.execute(update(THING).where(is_at(THING, oid, tids)).values(old=THING.c.old + 100))
        connection.execute(text("UPDATE place SET id = :id"), {"id": rows[-1].position[0]})
        if rows[-1].position[0] > 500:
            stop.set()
        return Acted({"thing": len(rows)}, len(rows))

    def job() -> BatchJob:
        walk = KeyWalk(THING, key=(THING.c.id,))
        return BatchJob("add", walk, add_one, ("thing",), start=(number(engine, "SELECT id FROM place"),))

    assert run_batches(engine, [job()], lock="add", pace=QUICK, stop=stop).end.word == "stopped"
    assert run_batches(engine, [job()], lock="add", pace=QUICK).end.word == "done"
    assert number(engine, "SELECT count(*) FROM thing WHERE old BETWEEN 100 AND 109") == ROWS


def test_it_ends_when_its_time_is_up(engine: Engine) -> None:
    ran = run_batches(engine, [backfill()], lock="backfill", pace=QUICK, limit_s=0)
    assert (ran.end.word, ran.tallies[0].batches) == ("out of time", 0)


def test_a_roles_statement_timeout_that_is_shorter_than_a_batch_does_not_end_it(
    engine: Engine, database: Database
) -> None:
    database.execute(f"ALTER DATABASE {database.name} SET statement_timeout = '100ms'")
    plain = create_engine(database.url(), timeouts=Timeouts(statement_ms=None))

    def slow(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        connection.execute(text("SELECT pg_sleep(0.15)"))
        return fill(connection, rows)

    pace = Pace(busy=1, batch_ms=1000, first_rows=1000)
    assert run_batches(plain, [backfill(slow)], lock="backfill", pace=pace).tallies[0].rows == ROWS
    plain.dispose()


def test_a_batch_that_runs_into_our_timeout_is_done_with_fewer_rows(engine: Engine) -> None:
    sizes = []

    def slow(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        sizes.append(len(rows))
        if len(rows) > 40:
            connection.execute(text("SELECT pg_sleep(10)"))
        return fill(connection, rows)

    pace = Pace(busy=1, statement_timeout_ms=100)
    ran = run_batches(engine, [backfill(slow)], lock="backfill", pace=pace)
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)
    assert sizes[:3] == [100, 50, 25]


def test_one_row_that_cannot_be_done_is_stepped_over_and_told(engine: Engine) -> None:
    def refuses_seven(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        if any(row.position == (7,) for row in rows):
            connection.execute(text("SELECT pg_sleep(10)"))
        return fill(connection, rows)

    pace = Pace(busy=1, first_rows=8, statement_timeout_ms=100)
    ran = run_batches(engine, [backfill(refuses_seven)], lock="backfill", pace=pace)
    assert ran.tallies[0].left_out == {"took longer than the statement timeout": 1}
    assert left(engine) == 1


def test_what_cannot_even_be_found_in_time_is_an_error(engine: Engine) -> None:
    walk = KeyWalk(THING, text("pg_sleep(0.2) IS NOT NULL"), key=(THING.c.id,))  # type: ignore[arg-type]
    job = BatchJob("sleepy", walk, fill, ("thing",))
    with pytest.raises(BatchTooSlow, match="longer than 100 ms"):
        run_batches(engine, [job], lock="x", pace=Pace(statement_timeout_ms=100))


def test_an_administrators_cancel_ends_it(engine: Engine, database: Database) -> None:
    def cancelled(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        timer = threading.Timer(0.05, lambda: database.execute(f"SELECT pg_cancel_backend({pid})"))
        timer.start()
        try:
            connection.execute(text("SELECT pg_sleep(5)"))
        finally:
            timer.join()
        return Acted({}, len(rows))

    with pytest.raises(DBAPIError, match="user request"):
        run_batches(engine, [backfill(cancelled)], lock="backfill", pace=QUICK)
    assert left(engine) == ROWS


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_serialization_failures_and_deadlocks_are_tried_again(engine: Engine, state: str) -> None:
    failures = iter(range(3))

    def clashes(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        done = fill(connection, rows)
        if next(failures, None) is not None:
            connection.execute(text(f"DO $$ BEGIN RAISE 'clash' USING ERRCODE = '{state}'; END $$"))
        return done

    ran = run_batches(engine, [backfill(clashes)], lock="backfill", pace=QUICK)
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)


def test_a_connection_that_is_ended_in_a_batch_is_replaced(engine: Engine, database: Database) -> None:
    failures = iter(range(2))

    def ended(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        done = fill(connection, rows)
        if next(failures, None) is not None:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            database.execute(f"SELECT pg_terminate_backend({pid})")
        return done

    ran = run_batches(engine, [backfill(ended)], lock="backfill", pace=QUICK)
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)


def test_nothing_more_is_done_once_the_lock_is_lost(engine: Engine, database: Database) -> None:
    def loses(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
            f"AND database = (SELECT oid FROM pg_database WHERE datname = '{database.name}')"
        )
        return fill(connection, rows)

    with pytest.raises(DBAPIError):
        run_batches(engine, [backfill(loses)], lock="backfill", pace=QUICK)
    assert left(engine) == ROWS - 100


def test_a_lock_that_waits_behind_the_table_is_given_way_to(engine: Engine, database: Database) -> None:
    reasons: list[str] = []
    waiting = threading.Event()

    def seen(progress: BatchProgress) -> None:
        if progress.waiting:
            reasons.append(progress.waiting)
            waiting.set()

    with psycopg.connect(database.dsn) as reader:
        reader.execute("SELECT FROM thing LIMIT 1")

        def alter() -> None:
            with psycopg.connect(database.dsn, autocommit=True) as ddl:
                ddl.execute("ALTER TABLE thing ADD COLUMN later int")

        altering = threading.Thread(target=alter)
        altering.start()
        while not number(engine, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
        batches = threading.Thread(
            target=lambda: run_batches(engine, [backfill()], lock="backfill", pace=QUICK, progress=seen)
        )
        batches.start()
        assert waiting.wait(20)
        assert left_by_all(database) == ROWS
        reader.rollback()
        altering.join(20)
        batches.join(20)
    assert "waits for AccessExclusiveLock on thing" in reasons[0]
    assert left(engine) == 0


def test_load_is_given_way_to_and_told(engine: Engine, database: Database) -> None:
    reasons: list[str] = []
    running = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with psycopg.connect(database.dsn) as first, psycopg.connect(database.dsn) as second:
        sleepers = [threading.Thread(target=sleep, args=(one,)) for one in (first, second)]
        for one in sleepers:
            one.start()
        while number(engine, running) < 2:
            pass

        def wake(progress: BatchProgress) -> None:
            if progress.waiting and not reasons:
                reasons.append(progress.waiting)
                first.cancel()

        pace = Pace(busy=1, active_sessions=1)
        ran = run_batches(engine, [backfill()], lock="backfill", pace=pace, progress=wake)
        second.cancel()
        for one in sleepers:
            one.join(20)
    assert reasons == ["2 sessions run a statement at the same moment, more than 1"]
    assert (ran.tallies[0].rows, left(engine)) == (ROWS, 0)


def sleep(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(60)")


def test_a_role_that_does_not_see_the_load_is_told_so(engine: Engine, database: Database) -> None:
    role = f"blind_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; GRANT ALL ON thing TO {role}")
    blind = create_engine(make_url(database.url()).set(username=role))
    try:
        with engine.connect():
            ran = run_batches(blind, [backfill()], lock="backfill", pace=QUICK)
    finally:
        blind.dispose()
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert any(one.startswith("the load is not watched") for one in ran.notes)


def test_what_is_kept_of_a_batch_commits_with_it(engine: Engine, database: Database) -> None:
    database.execute("CREATE TABLE place (id text, walked bigint); INSERT INTO place VALUES (NULL, 0)")
    failures = iter(range(2))

    def keep(connection: Connection, step: BatchStep) -> None:
        values = {"id": step.position and step.position[0], "walked": step.walked}
        connection.execute(text("UPDATE place SET id = :id, walked = walked + :walked"), values)
        if next(failures, None) is not None:
            connection.execute(text("DO $$ BEGIN RAISE 'clash' USING ERRCODE = '40001'; END $$"))

    walk = KeyWalk(THING, THING.c.new.is_(None), key=(THING.c.id,), key_types=("bigint",), by_windows=True)
    job = BatchJob("backfill", walk, fill, ("thing",), keep=keep)
    ran = run_batches(engine, [job], lock="backfill", pace=QUICK)
    assert left(engine) == 0
    assert database.rows("SELECT id, walked FROM place") == [(str(ROWS), ran.tallies[0].walked)]


def left_by_all(database: Database) -> int:
    (row,) = database.rows("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'thing'")
    return ROWS - int(str(row[0]))


def test_a_session_that_waits_for_a_batch_makes_the_next_ones_smaller(engine: Engine, database: Database) -> None:
    sizes: list[int] = []
    waiters: list[threading.Thread] = []

    def wait_for(key: int) -> None:
        database.execute(f"UPDATE thing SET old = 0 WHERE id = {key}")

    def act(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        sizes.append(len(rows))
        done = fill(connection, rows)
        if not waiters:
            waiters.append(threading.Thread(target=wait_for, args=(rows[0].position[0],)))
            waiters[0].start()
            while not connection.execute(
                text(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
                )
            ).scalar_one():
                pass
        return done

    pace = Pace(busy=1, batch_ms=1_000_000, most_rows=100)
    run_batches(engine, [backfill(act)], lock="backfill", pace=pace)
    waiters[0].join(20)
    assert sizes[:3] == [100, 50, 100]


def test_dead_rows_that_autovacuum_has_not_yet_taken_are_waited_for_but_not_for_ever(
    engine: Engine, database: Database
) -> None:
    reasons: list[str] = []
    # Autovacuum never comes on this server.
    pace = Pace(busy=1, dead_rows_floor=0, dead_rows_factor=0.1, patience_s=0.3)
    with database.counted_session() as session:
        session.execute("DELETE FROM thing WHERE id > 2000")
    ran = run_batches(
        engine, [backfill()], lock="backfill", pace=pace, progress=lambda told: reasons.append(told.waiting)
    )
    assert ran.end.word == "gave way"
    assert "thing has 3,000 dead rows, more than 105; autovacuum is due" in ran.end.reason
    assert any(reasons)
    assert ran.tallies[0].waited_s > 0
    database.execute("VACUUM thing")
    assert run_batches(engine, [backfill()], lock="backfill", pace=Pace(busy=1)).end.word == "done"


def test_a_table_that_autovacuum_leaves_alone_is_not_waited_for_and_told(engine: Engine, database: Database) -> None:
    database.execute("ALTER TABLE thing SET (autovacuum_enabled = off)")
    with database.counted_session() as session:
        session.execute("DELETE FROM thing WHERE id > 2000")
    pace = Pace(busy=1, dead_rows_floor=0, dead_rows_factor=0.1)
    ran = run_batches(engine, [backfill()], lock="backfill", pace=pace)
    assert ran.end.word == "done"
    assert ran.notes == ("the dead rows of thing are not watched, because autovacuum is off; run VACUUM afterwards",)


def test_the_first_signal_ends_it_after_the_batch_and_the_second_at_once(engine: Engine) -> None:
    def act(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        signal.raise_signal(signal.SIGINT)
        return fill(connection, rows)

    with stopping_at_signals() as stop:
        ran = run_batches(engine, [backfill(act)], lock="backfill", pace=QUICK, stop=stop)
        assert (ran.end.word, ran.end.reason) == ("stopped", "interrupted")
        assert left(engine) == ROWS - 100
        with pytest.raises(KeyboardInterrupt):
            run_batches(engine, [backfill(act)], lock="other", pace=QUICK)
    assert left(engine) == ROWS - 100


def test_progress_says_how_far_how_fast_and_how_long(engine: Engine) -> None:
    seen: list[BatchProgress] = []
    run_batches(engine, [backfill()], lock="backfill", pace=QUICK, progress=seen.append)
    assert [one.rows for one in seen] == sorted(one.rows for one in seen)
    assert seen[-1].rows == ROWS
    assert seen[-1].rate > 0
    assert seen[0].seconds_left is not None
    assert seen[0].seconds_left > 0
    assert BatchProgress("x", 0, 0, None, 1).seconds_left is None
    assert BatchProgress("x", 30, 10, 40, 5).seconds_left == 15


def test_metrics_count_rows_and_batches(engine: Engine) -> None:
    registry = CollectorRegistry()
    metrics = BatchMetrics(registry)
    ran = run_batches(engine, [backfill()], lock="backfill", pace=QUICK, metrics=metrics)
    metrics.finished("backfill")
    value = registry.get_sample_value
    assert value("pgwright_batches_rows_total", {"job": "backfill"}) == ROWS
    assert value("pgwright_batches_seconds_count", {"job": "backfill"}) == ran.tallies[0].batches
    assert value("pgwright_batches_waiting", {"cause": "replica"}) == 0
    assert (value("pgwright_batches_finished_timestamp_seconds", {"job": "backfill"}) or 0) > 1.7e9


def test_rows_are_deleted_along_an_index_from_where_the_last_batch_ended(engine: Engine, database: Database) -> None:
    database.execute("CREATE INDEX ON thing (old)")

    def remove(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        done = 0
        for oid, tids in by_table(row.address for row in rows):
            done += connection.execute(delete(THING).where(is_at(THING, oid, tids))).rowcount
        return Acted({"thing": done}, len(rows))

    walk = KeyWalk(THING, THING.c.old < 5, order=(THING.c.old,), key=(THING.c.id,))
    job = BatchJob("remove", walk, remove, ("thing",))
    ran = run_batches(engine, [job], lock="remove", pace=QUICK)
    assert ran.tallies[0].rows == ROWS / 2
    assert ran.tallies[0].position is not None
    assert ran.tallies[0].position[0] == 4


@pytest.mark.parametrize(
    "limit", [{"busy": 0}, {"busy": 1.5}, {"batch_ms": 0}, {"first_rows": -1}, {"active_sessions": 0}]
)
def test_a_pace_out_of_range_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(limit))):
        Pace(**limit)
