"""Batches wait for a real replica, but not for ever, and not for one that is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, text, update

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.batches import Acted, BatchJob, BatchProgress, KeyWalk, Pace, run_batches
from pgwright_runtime.batches.rows import by_table, is_at
from runtime.tests.support.replica_servers import Replica, replay_paused, run_primary, run_replica

WIDE = Table("wide", MetaData(), Column("id", Integer, primary_key=True), Column("data", Text))
PACE = Pace(busy=1, lag_bytes=50_000, lag_s=3600)


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedServer]:
    with run_primary() as server:
        with server.admin() as admin:
            admin.execute("CREATE TABLE wide (id int PRIMARY KEY, data text)")
        yield server


@pytest.fixture(scope="module")
def replica(primary: EmbeddedServer) -> Iterator[Replica]:
    with run_replica(primary) as replica:
        yield replica


@pytest.fixture
def engine(primary: EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(primary.url())
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE wide"))
        connection.execute(text("INSERT INTO wide SELECT n, repeat('x', 500) FROM generate_series(1, 2000) n"))
    yield engine
    engine.dispose()


def job() -> BatchJob:
    def act(connection: Connection, rows: list) -> Acted:  # type: ignore[type-arg]
        for oid, tids in by_table(row.address for row in rows):
            connection.execute(update(WIDE).where(is_at(WIDE, oid, tids)).values(data="y" * 500))
        return Acted({"wide": len(rows)}, len(rows))

    return BatchJob("wide", KeyWalk(WIDE, key=(WIDE.c.id,)), act, ("wide",))  # type: ignore[arg-type]


def test_batches_wait_while_a_replica_lags_and_go_on_when_it_has_caught_up(engine: Engine, replica: Replica) -> None:
    replica.catch_up()
    waiting, reasons = threading.Event(), []

    def seen(progress: BatchProgress) -> None:
        if progress.waiting:
            reasons.append(progress.waiting)
            waiting.set()

    ended: list[str] = []
    batches = threading.Thread(
        target=lambda: ended.append(run_batches(engine, [job()], lock="a", pace=PACE, progress=seen).end.word)
    )
    with replay_paused(replica):
        batches.start()
        assert waiting.wait(20)
        assert not ended
    batches.join(30)
    assert ended == ["done"]
    assert "MB behind" in reasons[0]


def test_a_replica_that_never_catches_up_ends_the_run(engine: Engine, replica: Replica) -> None:
    replica.catch_up()
    pace = Pace(busy=1, lag_bytes=50_000, patience_s=0.5)
    with replay_paused(replica):
        ran = run_batches(engine, [job()], lock="b", pace=pace)
    assert ran.end.word == "gave way"
    assert "behind, and that for 0.5 s" in ran.end.reason
    assert ran.tallies[0].rows < 2000


def test_a_role_that_may_not_see_replicas_says_so(engine: Engine, primary: EmbeddedServer, replica: Replica) -> None:
    replica.catch_up()
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE plain LOGIN; GRANT ALL ON wide TO plain"))
    plain = create_engine(primary.url(), connect_args={"options": "-c role=plain"})
    try:
        ran = run_batches(plain, [job()], lock="c", pace=PACE)
    finally:
        plain.dispose()
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY plain; DROP ROLE plain"))
    assert ran.end.word == "done"
    assert "replicas are not watched, because the role may not see them; GRANT pg_monitor TO it" in ran.notes


async def test_a_replica_that_vanishes_is_no_longer_waited_for(engine: Engine, replica: Replica) -> None:
    replica.catch_up()
    waiting, ended = threading.Event(), []
    pace = Pace(busy=1, lag_bytes=50_000, patience_s=60)

    def seen(told: BatchProgress) -> None:
        if told.waiting:
            waiting.set()

    batches = threading.Thread(
        target=lambda: ended.append(run_batches(engine, [job()], lock="d", pace=pace, progress=seen))
    )
    replica.execute("SELECT pg_wal_replay_pause()")
    batches.start()
    assert waiting.wait(20)
    await replica.kill()
    batches.join(30)
    assert [one.end.word for one in ended] == ["done"]
