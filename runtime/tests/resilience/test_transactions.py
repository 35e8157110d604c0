"""Whole transactions as functions: what is repeated, what is not, and what is left of an attempt that failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime.resilience import DeadlinePassed, Isolation, TransactionEnded, deadline, run_transaction
from runtime.tests.support.doctors import TABLE, AnyEngine, Doctor, dispose, engine_of, leave, on_call, transact
from tests.support.database import Database

DRIVERS = ["asyncpg", "psycopg", "psycopg sync"]


@pytest.fixture(params=DRIVERS)
async def engine(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[AnyEngine]:
    database.execute(TABLE)
    engine = engine_of(database.url(), request.param)
    yield engine
    await dispose(engine)


def raising(state: str) -> str:
    """Return a statement that fails with a SQLSTATE."""
    return f"DO $$ BEGIN RAISE 'as asked' USING ERRCODE = '{state}'; END $$"


class Failing:
    """A job whose first attempts fail."""

    def __init__(self, statement: str, times: int) -> None:
        self.statement, self.times, self.calls = statement, times, 0
        self.doctors: list[Doctor] = []

    def __call__(self, session: Session) -> Doctor:
        self.calls += 1
        doctor = session.get_one(Doctor, 1)
        doctor.calls += 1
        self.doctors.append(doctor)
        session.flush()
        if self.calls <= self.times:
            session.execute(text(self.statement))
        return doctor


def meeting(parties: int) -> Callable[[], None]:
    """Let as many attempts meet once; those that come later go on."""
    barrier, met = threading.Barrier(parties), threading.Event()

    def wait() -> None:
        if not met.is_set():
            barrier.wait(30)
            met.set()

    return wait


async def both_leave(database: Database, isolation: Any) -> list[bool]:
    """Let both doctors leave at once, each in a thread with an engine of its own."""
    wait = meeting(2)

    async def work(number: int) -> bool:
        engine = engine_of(database.url(), "psycopg sync")
        left: bool = await transact(engine, lambda session: leave(session, number, wait), isolation=isolation)
        await dispose(engine)
        return left

    return list(await asyncio.gather(work(1), work(2)))


async def test_write_skew_is_prevented_by_serializable_and_a_retry(database: Database) -> None:
    database.execute(TABLE)
    assert sorted(await both_leave(database, "SERIALIZABLE")) == [False, True]
    assert on_call(database) == 1


async def test_write_skew_happens_without(database: Database) -> None:
    database.execute(TABLE)
    assert await both_leave(database, "REPEATABLE READ") == [True, True]
    assert on_call(database) == 0


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_write_skew_of_async_transactions(database: Database, driver: str) -> None:
    database.execute(TABLE)
    engine: Any = engine_of(database.url(), driver)
    first, calls = asyncio.Barrier(2), 0

    async def work(number: int) -> bool:
        async def try_to_leave(session: AsyncSession) -> bool:
            nonlocal calls
            calls += 1
            if calls <= 2:
                await session.execute(text("SELECT count(*) FROM doctors WHERE on_call"))
                await first.wait()
            return await session.run_sync(leave, number, lambda: None)

        left: bool = await run_transaction(engine, try_to_leave, isolation="SERIALIZABLE")
        return left

    left = await asyncio.gather(work(1), work(2))
    assert sorted(left) == [False, True]
    assert calls == 3
    assert on_call(database) == 1
    await engine.dispose()


async def test_deadlocked_transactions_both_end(database: Database) -> None:
    database.execute(f"{TABLE}; ALTER DATABASE {database.name} SET deadlock_timeout = '20ms'")
    engine, wait, registry = engine_of(database.url(), "psycopg sync"), meeting(2), CollectorRegistry()

    def work(session: Session, numbers: tuple[int, int]) -> None:
        session.get_one(Doctor, numbers[0]).calls += 1
        session.flush()
        wait()
        session.get_one(Doctor, numbers[1]).calls += 1

    await asyncio.gather(
        *(transact(engine, lambda s, n=n: work(s, n), registry=registry) for n in ((1, 2), (2, 1)))  # type: ignore[misc]
    )
    assert database.rows("SELECT DISTINCT calls FROM doctors") == [(2,)]
    assert registry.get_sample_value("pgwright_transaction_retries_total", {"cause": "deadlock"}) == 1
    await dispose(engine)


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_each_attempt_begins_anew(engine: AnyEngine, database: Database, state: str) -> None:
    job = Failing(raising(state), times=2)
    doctor = await transact(engine, job)
    assert job.calls == 3
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(1,)]
    # What is returned is loaded; what a failed attempt held belongs to no session, and is another object.
    assert doctor.calls == 1
    assert len(set(map(id, job.doctors))) == 3
    assert all(inspect(each).session is None for each in job.doctors)


@pytest.mark.parametrize("state", ["23505", "57014", "22012", "25006"])
async def test_other_errors_are_raised_at_once(engine: AnyEngine, database: Database, state: str) -> None:
    job = Failing(raising(state), times=9)
    with pytest.raises(DBAPIError):
        await transact(engine, job)
    assert job.calls == 1
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(0,)]


async def test_it_gives_up_after_its_attempts(engine: AnyEngine) -> None:
    registry = CollectorRegistry()
    job = Failing(raising("40001"), times=9)
    with pytest.raises(DBAPIError, match="as asked") as given_up:
        await transact(engine, job, attempts=3, registry=registry)
    assert job.calls == 3
    assert given_up.value.__notes__ == ["the transaction was given up after attempt 3: there are no more of them"]
    value = registry.get_sample_value
    assert value("pgwright_transaction_retries_total", {"cause": "serialization"}) == 2
    assert value("pgwright_transaction_given_up_total", {"cause": "serialization"}) == 1


async def test_errors_of_python_pass(engine: AnyEngine, database: Database) -> None:
    def work(session: Session) -> None:
        session.get_one(Doctor, 1).calls = 7
        raise KeyError

    with pytest.raises(KeyError):
        await transact(engine, work)
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(0,)]


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
async def test_a_function_does_not_end_its_transaction(engine: AnyEngine, end: str) -> None:
    def work(session: Session) -> None:
        session.get_one(Doctor, 1).calls += 1
        getattr(session, end)()

    with pytest.raises(TransactionEnded):
        await transact(engine, work)


async def test_what_a_function_committed_is_not_repeated(engine: AnyEngine, database: Database) -> None:
    calls = 0

    def work(session: Session) -> None:
        nonlocal calls
        calls += 1
        session.get_one(Doctor, 1).calls += 1
        session.commit()
        session.execute(text(raising("40001")))

    with pytest.raises(DBAPIError):
        await transact(engine, work)
    assert calls == 1
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(1,)]


async def test_a_swallowed_error_is_no_commit(engine: AnyEngine, database: Database) -> None:
    """The server takes a COMMIT after an error as a ROLLBACK, and says nothing."""
    calls = 0

    def work(session: Session) -> None:
        nonlocal calls
        calls += 1
        session.get_one(Doctor, 1).calls += 1
        session.flush()
        if calls < 3:
            with suppress(DBAPIError):
                session.execute(text(raising("40001" if calls == 1 else "40P01")))

    await transact(engine, work)
    assert calls == 3
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(1,)]


async def test_a_pooled_connection_keeps_no_error(engine: AnyEngine) -> None:
    """It would keep alive all that the failed attempt held."""
    with pytest.raises(DBAPIError):
        await transact(engine, Failing(raising("23505"), 1))

    def look(session: Session) -> Any:
        return dict(session.connection().info)

    assert not any(isinstance(value, Exception) for value in (await transact(engine, look)).values())


async def test_a_savepoint_holds_what_may_fail(engine: AnyEngine, database: Database) -> None:
    def work(session: Session) -> None:
        session.get_one(Doctor, 1).calls += 1
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text("INSERT INTO doctors VALUES (1, true)"))

    await transact(engine, work)
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(1,)]


async def test_a_failure_at_commit_is_repeated(engine: AnyEngine, database: Database) -> None:
    database.execute("""
        CREATE SEQUENCE tries;
        CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF nextval('tries') = 1 THEN RAISE 'as asked' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON doctors DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail_once()
    """)
    job = Failing("", times=0)
    await transact(engine, job)
    assert job.calls == 2
    assert database.rows("SELECT calls FROM doctors WHERE id = 1") == [(1,)]


async def test_the_pool_gets_its_isolation_back(engine: AnyEngine) -> None:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")

    def read(session: Session) -> tuple[Any, ...]:
        session.get_one(Doctor, 1)
        return tuple(session.scalar(text(f"SHOW {name}")) for name in names)

    plain = ("read committed", "off", "off")
    assert await transact(engine, read) == plain
    for isolation, found in (
        (Isolation("SERIALIZABLE", read_only=True, deferrable=True), ("serializable", "on", "on")),
        (Isolation("REPEATABLE READ", read_only=True), ("repeatable read", "on", "off")),
        ("SERIALIZABLE", ("serializable", "off", "off")),
        ("READ COMMITTED", plain),
    ):
        assert await transact(engine, read, isolation=isolation) == found
        assert await transact(engine, read) == plain


async def test_a_read_only_transaction_writes_nothing(engine: AnyEngine) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        await transact(engine, Failing("", times=0), isolation=Isolation("READ COMMITTED", read_only=True))


async def test_no_attempt_begins_after_the_deadline(engine: AnyEngine) -> None:
    job = Failing("", times=0)
    with deadline(0), pytest.raises(DeadlinePassed):
        await transact(engine, job)
    assert job.calls == 0


async def test_no_attempt_begins_that_cannot_end_before_the_deadline(engine: AnyEngine) -> None:
    job = Failing(raising("40001").replace("BEGIN", "BEGIN PERFORM pg_sleep(1.6);"), times=9)
    with pytest.raises(DBAPIError) as given_up:
        await transact(engine, job, deadline=3)
    assert job.calls == 1
    assert "deadline" in given_up.value.__notes__[0]


async def test_nested_calls_share_the_deadline(engine: AnyEngine) -> None:
    with deadline(3), deadline(60):
        job = Failing(raising("40001").replace("BEGIN", "BEGIN PERFORM pg_sleep(1.6);"), times=9)
        with pytest.raises(DBAPIError):
            await transact(engine, job, deadline=60)
    assert job.calls == 1


async def test_statements_end_with_the_deadline(engine: AnyEngine) -> None:
    show = text("SHOW statement_timeout")

    def read(session: Session) -> str:
        return str(session.scalar(show))

    limited = await transact(engine, read, deadline=20, limit_statements=True)
    assert limited.endswith("ms")
    assert 0 < int(limited.removesuffix("ms")) <= 20_000
    # The engine's own limit stays where it is nearer, and comes back.
    assert await transact(engine, read, deadline=60, limit_statements=True) == "30s"
    assert await transact(engine, read, limit_statements=True) == "30s"
    with pytest.raises(DBAPIError, match="statement timeout"):
        await transact(engine, Failing("SELECT pg_sleep(60)", 1), deadline=2, limit_statements=True)


async def test_an_engine_that_commits_by_itself_is_refused(engine: AnyEngine) -> None:
    with pytest.raises(ValueError, match="by itself"):
        await transact(engine.execution_options(isolation_level="AUTOCOMMIT"), Failing("", 0))


async def test_session_factories_keep_what_they_were_told(engine: AnyEngine) -> None:
    def work(session: Session) -> Doctor:
        assert session.info["app"] == "shop"
        return session.get_one(Doctor, 1)

    async def async_work(session: AsyncSession) -> Doctor:
        return await session.run_sync(work)

    if isinstance(engine, AsyncEngine):
        doctor = await run_transaction(async_sessionmaker(engine, info={"app": "shop"}), async_work)
    else:
        doctor = run_transaction(sessionmaker(engine, info={"app": "shop"}), work)
    assert doctor.on_call


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"isolation": "SNAPSHOT"}])
async def test_what_makes_no_sense_is_refused(engine: AnyEngine, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        await transact(engine, Failing("", 0), **wrong)


def test_deferrable_alone_has_no_effect() -> None:
    with pytest.raises(ValueError, match="deferrable"):
        Isolation("SERIALIZABLE", deferrable=True)
