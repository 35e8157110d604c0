"""What a worker promises, on a real server: sync and async, alone and against others."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, event, text, update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime.jobs import LeaseLost, Worker, enqueue, queue_of, requeue
from pgwright_runtime.jobs.worker import backoff
from runtime.tests.support.jobs_queue import (
    Effect,
    Job,
    add_effect,
    add_effect_async,
    add_jobs,
    drain,
    effects_in,
    jobs_in,
)
from tests.support.database import Database

asyncs = pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])


def fail(session: Session, job: Job) -> None:
    add_effect(session, job)
    raise ValueError("not today")


def claimed(engine: Engine, **options: Any) -> list[Any]:
    """Claim as a worker that is never heard of again."""
    with Session(engine) as session:
        options = {"batch": 20, "lease_s": 60.0, **options}
        claims = [claim for _, claim in queue_of(Job).claim(session, ["effect"], "other/1", **options)]
        session.commit()
    return claims


@pytest.mark.parametrize("batch", [1, 20])
def test_each_job_runs_once_and_is_marked_in_the_transaction_of_its_effect(engine: Engine, batch: int) -> None:
    add_jobs(engine, 45)
    drain(engine, batch=batch)
    assert effects_in(engine) == 45
    assert {(job.status, job.attempts, job.leased_until, job.last_error) for job in jobs_in(engine)} == {
        ("done", 1, None, None)
    }
    assert all(job.finished_at and job.claimed_by for job in jobs_in(engine))


@asyncs
async def test_an_async_worker_does_the_same(database: Database, engine: Engine, driver: str) -> None:
    made = create_async_engine(database.url(driver))
    async with AsyncSession(made) as session:
        await enqueue(session, *(Job(kind=kind) for kind in ["effect", "sync", "bad"] * 5))
        await session.commit()

    async def bad(session: AsyncSession, job: Job) -> None:
        await add_effect_async(session, job)
        raise ValueError("not today")

    def sync(session: AsyncSession, job: Job) -> None:
        session.add(Effect(job_id=job.id))

    handlers = {"effect": add_effect_async, "bad": bad, "sync": sync}
    await Worker(engine=made, model=Job, handlers=handlers, batch=7, delay=lambda _: 0.0).run(until_idle=True)
    async with AsyncSession(made) as session:
        dead = [job.id for job in jobs_in(engine) if job.status == "dead"]
        assert await requeue(session, Job, dead[:2]) == 2
        await session.commit()
    await made.dispose()
    assert effects_in(engine) == 10
    assert sorted(job.status for job in jobs_in(engine)) == ["dead"] * 3 + ["done"] * 10 + ["pending"] * 2


def test_a_job_that_is_not_committed_never_was(engine: Engine) -> None:
    with Session(engine) as session:
        enqueue(session, Job(kind="effect"))
        drain(engine)
        session.rollback()
    drain(engine)
    assert jobs_in(engine) == []
    assert effects_in(engine) == 0


def test_a_failed_job_is_undone_and_tried_again_until_it_is_dead(engine: Engine) -> None:
    add_jobs(engine, 1, kind="bad", max_attempts=3)
    delays: list[int] = []

    def delay(failures: int) -> float:
        delays.append(failures)
        return 0.0

    drain(engine, {"bad": fail}, delay=delay)
    (job,) = jobs_in(engine)
    assert (job.status, job.attempts, job.last_error) == ("dead", 3, "ValueError: not today")
    assert job.finished_at is not None
    assert delays == [1, 2, 3]
    assert effects_in(engine) == 0


def test_a_failed_job_waits_before_it_is_tried_again(engine: Engine) -> None:
    add_jobs(engine, 1, kind="bad")
    drain(engine, {"bad": fail}, delay=lambda _: 3_600.0)
    (job,) = jobs_in(engine)
    assert (job.status, job.attempts) == ("pending", 1)
    waits = job.run_at - datetime.now(UTC)
    assert timedelta(minutes=50) < waits < timedelta(minutes=70)


def test_the_back_off_doubles_with_jitter_up_to_a_quarter_of_an_hour() -> None:
    for failures in range(1, 60):
        most = min(900, 2 ** (failures - 1))
        assert all(most / 2 <= backoff(failures) <= most for _ in range(20))


def test_one_that_fails_in_a_batch_is_undone_alone(engine: Engine) -> None:
    add_jobs(engine, 10)
    add_jobs(engine, 1, kind="bad", max_attempts=2)
    add_jobs(engine, 5)
    drain(engine, {"bad": fail, "effect": add_effect}, batch=20)
    assert effects_in(engine) == 15
    assert [job.status for job in jobs_in(engine)].count("done") == 15


def test_a_dead_job_is_requeued_with_all_its_attempts(engine: Engine) -> None:
    ids = add_jobs(engine, 2, kind="bad", max_attempts=1)
    done = add_jobs(engine)
    drain(engine, {"bad": fail, "effect": add_effect})
    with Session(engine) as session:
        assert requeue(session, Job, [*ids, *done]) == 2
        session.commit()
    drain(engine, {"bad": add_effect})
    assert effects_in(engine) == 3


def test_kinds_of_other_code_are_left_alone(engine: Engine) -> None:
    add_jobs(engine, 3, kind="of tomorrow")
    add_jobs(engine, 2)
    drain(engine)
    assert sorted((job.kind, job.status, job.attempts) for job in jobs_in(engine)) == [
        *[("effect", "done", 1)] * 2,
        *[("of tomorrow", "pending", 0)] * 3,
    ]


def test_a_job_of_the_future_waits_and_the_worker_wakes_for_it(engine: Engine) -> None:
    later = datetime.now(UTC) + timedelta(seconds=0.7)
    add_jobs(engine, run_at=later)
    add_jobs(engine, run_at=later + timedelta(days=1))
    drain(engine)
    assert effects_in(engine) == 0
    ran = run_until(engine, 1, poll_s=3_600.0)
    assert ran >= later


def run_until(engine: Engine, number: int, **options: Any) -> datetime:
    """Run a worker until it has run some jobs; return when it ran the last."""
    moments: list[datetime] = []

    def handle(session: Session, job: Job) -> None:
        add_effect(session, job)
        moments.append(datetime.now(UTC))
        if len(moments) == number:
            worker.stop()

    worker = Worker(engine=engine, model=Job, handlers={"effect": handle}, **options)
    worker.run()
    return moments[-1]


def test_two_workers_never_get_the_same_job(engine: Engine) -> None:
    add_jobs(engine, 200)
    threads = [threading.Thread(target=drain, args=[engine], kwargs={"batch": batch}) for batch in (1, 3, 5, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects_in(engine) == 200
    assert {job.attempts for job in jobs_in(engine)} == {1}


def test_a_job_whose_worker_fell_silent_is_taken_over(engine: Engine) -> None:
    add_jobs(engine)
    (claim,) = claimed(engine, lease_s=0.0)
    drain(engine)
    (job,) = jobs_in(engine)
    assert (job.status, job.attempts, job.last_error) == ("done", 2, "its worker died, or lost its lease")
    with Session(engine) as session:  # and the former worker comes back
        queue = queue_of(Job)
        assert queue.finish(session, [claim]) == queue.fail(session, claim, "late", 0) == 0
        assert queue.give_back(session, [claim]) == queue.extend(session, [claim], 60) == 0
        session.commit()
    assert [(each.status, each.attempts) for each in jobs_in(engine)] == [("done", 2)]


def test_a_job_that_kills_each_of_its_workers_ends_as_dead(engine: Engine) -> None:
    add_jobs(engine, max_attempts=3)
    for _ in range(3):
        assert len(claimed(engine, lease_s=0.0)) == 1
        with engine.begin() as connection:
            queue_of(Job).take_over(connection)
    (job,) = jobs_in(engine)
    assert (job.status, job.attempts, job.last_error) == ("dead", 3, "its worker died, or lost its lease")


def test_what_a_worker_did_after_it_lost_its_lease_is_undone(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    add_jobs(engine)
    runs = []

    def stand_still(session: Session, job: Job) -> None:
        add_effect(session, job)
        runs.append(job.attempts)
        if len(runs) == 1:
            with engine.begin() as connection:
                connection.execute(update(Job).values(leased_until=text("now() - interval '1 s'")))
            drain(engine, {"effect": stand_still})

    drain(engine, {"effect": stand_still})
    assert runs == [1, 2]
    assert effects_in(engine) == 1
    assert any(record.exc_info and record.exc_info[0] is LeaseLost for record in caplog.records)


def test_a_sign_of_life_keeps_a_job_for_as_long_as_it_runs(engine: Engine) -> None:
    add_jobs(engine)
    extended = threading.Event()

    def wait(session: Session, job: Job) -> None:
        with engine.connect() as connection:
            seen = connection.scalar(text("SELECT leased_until FROM jobs"))
            while connection.scalar(text("SELECT leased_until FROM jobs")) == seen:
                connection.rollback()
        extended.set()
        add_effect(session, job)

    drain(engine, {"effect": wait}, lease_s=0.6)
    assert extended.is_set()
    assert [job.attempts for job in jobs_in(engine)] == [1]


def test_no_transaction_is_open_before_the_handler_uses_its_session(engine: Engine) -> None:
    add_jobs(engine)
    states: list[Any] = []

    def look(session: Session, job: Job) -> None:
        assert job.payload == {}
        with engine.connect() as connection:
            states.append(connection.scalars(_IN_TRANSACTION).all())

    drain(engine, {"effect": look})
    assert states == [[]]


_IN_TRANSACTION = text(
    "SELECT query FROM pg_stat_activity WHERE state LIKE 'idle in%' AND pid <> pg_backend_pid()"
    " AND datname = current_database()"
)


def test_a_handlers_session_comes_from_the_apps_sessionmaker(engine: Engine) -> None:
    add_jobs(engine)
    seen: list[Any] = []
    sessions = sessionmaker(info={"of": "the app"})
    drain(engine, {"effect": lambda session, job: seen.append(session.info)}, sessions=sessions)
    assert seen == [{"of": "the app"}]


def test_it_stops_after_the_job_that_it_is_at_and_gives_back_the_others(engine: Engine) -> None:
    add_jobs(engine, 5)

    def handle(session: Session, job: Job) -> None:
        add_effect(session, job)
        worker.stop()

    worker = Worker(engine=engine, model=Job, handlers={"effect": handle}, batch=5)
    worker.run()
    assert effects_in(engine) == 1
    assert sorted((job.status, job.attempts) for job in jobs_in(engine)) == [("done", 1), *[("pending", 0)] * 4]


def test_ctrl_c_undoes_the_job_and_gives_all_back_at_once(engine: Engine) -> None:
    add_jobs(engine, 3)

    def interrupt(session: Session, job: Job) -> None:
        add_effect(session, job)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(engine, {"effect": interrupt}, batch=3)
    assert effects_in(engine) == 0
    assert {(job.status, job.attempts) for job in jobs_in(engine)} == {("pending", 0)}


async def test_a_cancelled_worker_gives_all_back_at_once(database: Database, engine: Engine) -> None:
    add_jobs(engine, 3)
    begun = asyncio.Event()

    async def wait(session: AsyncSession, job: Job) -> None:
        await add_effect_async(session, job)
        begun.set()
        await asyncio.Event().wait()

    made = create_async_engine(database.url("asyncpg"))
    task = asyncio.create_task(Worker(engine=made, model=Job, handlers={"effect": wait}, batch=3).run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await made.dispose()
    assert effects_in(engine) == 0
    assert {(job.status, job.attempts) for job in jobs_in(engine)} == {("pending", 0)}


def test_an_async_handler_in_a_sync_worker_is_told(engine: Engine) -> None:
    with pytest.raises(ValueError, match="the handler of 'effect' is async, and the engine is not"):
        Worker(engine=engine, model=Job, handlers={"effect": add_effect_async})


def test_a_missing_table_ends_the_worker(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE jobs"))
    with pytest.raises(Exception, match='relation "jobs" does not exist'):
        drain(engine)


def test_a_batch_has_a_size(engine: Engine) -> None:
    with pytest.raises(ValueError, match="batch is 21; use 1 to 20"):
        Worker(engine=engine, model=Job, handlers={}, batch=21)


def test_a_statement_timeout_fails_the_job_and_not_the_worker(engine: Engine) -> None:
    add_jobs(engine, max_attempts=1)
    add_jobs(engine, kind="good")

    def slow(session: Session, job: Job) -> None:
        session.execute(text("SET LOCAL statement_timeout = 20"))
        session.execute(text("SELECT pg_sleep(60)"))

    drain(engine, {"effect": slow, "good": add_effect})
    errors = {job.kind: job.last_error for job in jobs_in(engine)}
    # Without the statement and its values.
    assert errors == {"effect": "OperationalError: canceling statement due to statement timeout", "good": None}
    assert effects_in(engine) == 1


def test_a_payload_of_10_mb_is_run_and_read_once(engine: Engine) -> None:
    large = "x" * 10_000_000
    add_jobs(engine, 3, payload={"text": large})
    sizes: list[int] = []
    drain(engine, {"effect": lambda _, job: sizes.append(len(job.payload["text"]))})
    assert sizes == [10_000_000] * 3
    # What looks after the queue does not read it.
    statements = [str(getattr(queue_of(Job), name)) for name in ("_finish", "_fail", "_extend", "_look", "_take_over")]
    assert not [statement for statement in statements if "payload" in statement]


def test_others_may_refer_to_a_job_while_it_runs(engine: Engine) -> None:
    (job_id,) = add_jobs(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (job_id uuid REFERENCES jobs)"))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES (:id)"), {"id": job_id})
        assert len(claimed(engine)) == 1  # the reference locks the job FOR KEY SHARE


def test_the_first_to_come_is_the_first_to_run(engine: Engine) -> None:
    now = datetime.now(UTC)
    for minutes in (3, 1, 2):
        add_jobs(engine, payload={"minutes": minutes}, run_at=now - timedelta(minutes=minutes))
    order: list[int] = []
    drain(engine, {"effect": lambda _, job: order.append(job.payload["minutes"])}, batch=20)
    assert order == [3, 2, 1]


def test_metrics_count_what_happened(engine: Engine) -> None:
    registry = CollectorRegistry()
    add_jobs(engine, 4)
    add_jobs(engine, 1, kind="bad", max_attempts=2)
    drain(engine, {"effect": add_effect, "bad": fail}, registry=registry)

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"pgwright_jobs_{name}", {"table": "jobs"})

    expected = {"claimed_total": 6, "finished_total": 4, "failed_total": 2, "dead_total": 1}
    assert {name: value(name) for name in expected} == expected
    assert value("run_seconds_count") == 4
    assert value("wait_seconds_count") == 6
    assert value("waiting") == 5


@pytest.fixture
def statements(engine: Engine) -> list[str]:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *_: seen.append(statement))
    return seen


def test_a_job_by_itself_costs_two_statements_beside_its_own(engine: Engine, statements: list[str]) -> None:
    add_jobs(engine, 50)
    drain(engine)
    assert (
        len([each for each in statements if each.startswith("UPDATE")]) == 2 * 50 + 3
    )  # and a take-over, and two claims of nothing


@pytest.mark.pg(">= 16")
def test_claims_follow_the_partial_index_under_a_generic_plan(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        connection.execute(_FINISHED)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE jobs"))
    add_jobs(engine, 30)
    assert len(claimed(engine)) == 20
    numbers = count(1)
    claim = re.sub(r"%\(\w+\)s", lambda _: f"${next(numbers)}", statements[-1])
    with engine.connect() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {claim}").scalars())
    assert "using ix_jobs_pending" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


_FINISHED = text(
    "INSERT INTO jobs (id, kind, status) SELECT gen_random_uuid(), 'effect', 'done' FROM generate_series(1, 20000)"
)
