"""Read sessions with transactions of their own kind, and with locks: on a real replica, and behind a real PgBouncer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.replicas import PrimaryOnly, Replicas, WriteOnReadSession
from runtime.tests.support.pgbouncer import run_pgbouncer
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    SyncEngines,
    engines,
    primary,
    replica,
    sync_engines,
)

__all__ = ["engines", "primary", "replica", "sync_engines"]  # fixtures

IN_RECOVERY = select(func.pg_is_in_recovery())
ADVISORY_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
LOCKING = """
CREATE OR REPLACE FUNCTION take(key bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(key); END';
CREATE OR REPLACE FUNCTION take_all() RETURNS void LANGUAGE sql AS 'SELECT take(1); SELECT take(2)';
CREATE OR REPLACE FUNCTION take_by_body() RETURNS void LANGUAGE sql BEGIN ATOMIC SELECT pg_advisory_lock(3); END;
"""


def kill_under(session: Session, replica: Replica) -> None:
    pid = session.scalar(select(func.pg_backend_pid()))
    replica.execute(f"SELECT pg_terminate_backend({pid}, 5000)")


def advisory_locks(server: EmbeddedServer) -> int:
    with server.admin() as admin:
        row = admin.execute(ADVISORY_LOCKS.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "options",
    [
        {"isolation_level": "REPEATABLE READ"},
        {"isolation_level": "REPEATABLE_READ"},
        {"postgresql_deferrable": True},
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("reads", [0, 1, 2])
def test_a_transaction_of_its_own_kind_fails_with_its_server(
    sync_engines: SyncEngines, replica: Replica, options: dict[str, Any], reads: int
) -> None:
    with sync_engines.replicas() as replicas, replicas.read_session() as session:
        connection = session.connection(execution_options=options)
        if reads:
            for _ in range(reads):
                session.get_one(Note, 1)
            kill_under(session, replica)
        else:
            driver: Any = connection.connection.driver_connection
            replica.execute(f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")
        with pytest.raises(DBAPIError):
            session.scalar(IN_RECOVERY)
        session.rollback()
        assert session.scalar(IN_RECOVERY) in (True, False)
        assert replicas.metrics().failovers == 0


def test_a_replica_that_cancels_a_snapshot_is_an_error(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas() as replicas, replicas.read_session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        with pytest.raises(DBAPIError, match="conflict"):
            session.execute(text("DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '40001'; END $$"))
        assert replicas.metrics().failovers == 0


def test_serializable_is_the_primary_s(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas, replicas.read_session() as session:
        session.connection(execution_options={"isolation_level": "SERIALIZABLE", "postgresql_deferrable": True})
        assert session.scalar(IN_RECOVERY) is False
        assert session.scalar(text("SHOW transaction_isolation")) == "serializable"
        assert session.scalar(text("SHOW transaction_read_only")) == "on"
        assert replicas.metrics().reads_on_primary["primary only"] == 3


@pytest.mark.parametrize("options", [{"isolation_level": "AUTOCOMMIT"}, {"postgresql_readonly": False}], ids=str)
def test_what_would_let_the_primary_write_is_refused(sync_engines: SyncEngines, options: dict[str, Any]) -> None:
    with Replicas(sync_engines.primary, [], secret=SECRET) as replicas, replicas.read_session() as session:
        with pytest.raises(WriteOnReadSession):
            session.connection(execution_options=options)
        assert session.scalar(text("SHOW transaction_read_only")) == "on"


def test_a_primary_in_autocommit_answers_no_read_session(primary: EmbeddedServer) -> None:
    engine = create_engine(primary.url("postgres"), isolation_level="AUTOCOMMIT")
    insert = text("INSERT INTO notes (text) VALUES ('no')")
    with (
        Replicas(engine, [], secret=SECRET) as replicas,
        replicas.read_session() as session,
        pytest.raises(WriteOnReadSession, match="AUTOCOMMIT"),
    ):
        session.execute(insert)
    engine.dispose()


def test_a_stream_stays_on_its_replica_while_the_caller_writes(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas(wait_ms=0) as replicas, replicas.caller(), replicas.read_session() as session:
        rows = session.execute(
            text("SELECT generate_series(1, 500)"), execution_options={"stream_results": True, "max_row_buffer": 10}
        )
        assert rows.fetchone() == (1,)
        with replicas.session() as other:
            other.add(Note(text="meanwhile"))
            other.commit()
        assert session.scalar(IN_RECOVERY) is True
        assert len(rows.fetchall()) == 499


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_try_advisory_lock_shared(7)",
        "SELECT pg_advisory_xact_lock(7)",
        "WITH locked AS (SELECT pg_try_advisory_xact_lock(7, 8)) SELECT * FROM locked",
        "select pg_catalog . PG_ADVISORY_LOCK(7)",
        "SELECT take(7)",
        "SELECT take_all()",
        "SELECT take_by_body()",
    ],
)
def test_a_lock_is_taken_on_the_primary_and_ends_with_the_session(
    sync_engines: SyncEngines, primary: EmbeddedServer, replica: Replica, statement: str
) -> None:
    with primary.admin() as admin:
        admin.execute(LOCKING.encode())
    replica.catch_up()
    with sync_engines.replicas() as replicas:
        with replicas.read_session() as session:
            assert session.scalar(IN_RECOVERY) is True
            session.execute(text(statement))
            assert (advisory_locks(primary) > 0, advisory_locks(replica.server)) == (True, 0)
            assert session.scalar(IN_RECOVERY) is False
        assert (advisory_locks(primary), advisory_locks(replica.server)) == (0, 0)
        with replicas.read_session() as session:
            session.execute(text(statement))
            with pytest.raises(DBAPIError):
                session.execute(text("SELECT 1 / 0"))
        assert (advisory_locks(primary), advisory_locks(replica.server)) == (0, 0)


@pytest.mark.parametrize("statement", ["LISTEN changes", "SELECT pg_notify('changes', 'x')", "NOTIFY changes"])
def test_notifications_are_the_primary_s(sync_engines: SyncEngines, statement: str) -> None:
    with sync_engines.replicas() as replicas, replicas.read_session() as session:
        session.execute(text(statement))
        assert session.scalar(IN_RECOVERY) is False
        assert replicas.metrics().reads_on_primary["primary only"] == 2


def test_a_lock_in_a_transaction_that_is_bound_to_its_replica_is_refused(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas:
        with replicas.read_session() as session:
            session.execute(text("SET LOCAL work_mem = '1MB'"))
            with pytest.raises(PrimaryOnly, match=r"pg_advisory_lock\(7\)"):
                session.execute(text("SELECT pg_advisory_lock(7)"))
        with replicas.read_session() as session:
            connection = session.connection()
            with pytest.raises(PrimaryOnly, match=r"Use session\(\)"):
                connection.execute(text("SELECT pg_advisory_lock(7)"))


@pytest.mark.parametrize(
    "statement",
    ["SELECT nextval('notes_id_seq')", "CREATE TEMP TABLE t (id int)", "SELECT id FROM notes FOR UPDATE"],
)
def test_what_the_server_refuses_is_an_error(sync_engines: SyncEngines, statement: str) -> None:
    with (
        sync_engines.replicas() as replicas,
        replicas.read_session() as session,
        pytest.raises(DBAPIError, match=r"recovery|read-only"),
    ):
        session.execute(text(statement))


async def test_async_sessions_do_the_same(engines: Engines, primary: EmbeddedServer) -> None:
    async with engines.replicas() as replicas:
        async with replicas.read_session() as session:
            await session.execute(select(func.pg_advisory_lock(7)))
            assert await session.scalar(IN_RECOVERY) is False
        assert advisory_locks(primary) == 0
        async with replicas.read_session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            assert await session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
            with pytest.raises(WriteOnReadSession):
                await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


@contextmanager
def behind_pgbouncer(primary: EmbeddedServer, replica: Replica) -> Iterator[tuple[Engine, Engine]]:
    with (
        run_pgbouncer(primary, pool_mode="transaction", pool_size=2) as first,
        run_pgbouncer(replica.server, pool_mode="transaction", pool_size=2) as second,
    ):
        made = [create_engine(each.url("postgres", "psycopg"), pooler="transaction") for each in (first, second)]
        yield made[0], made[1]
        for engine in made:
            engine.dispose()


def test_the_same_holds_behind_a_pooler(primary: EmbeddedServer, replica: Replica) -> None:
    with (
        behind_pgbouncer(primary, replica) as (to_primary, to_replica),
        Replicas(to_primary, [to_replica], secret=SECRET) as replicas,
        replicas.caller(),
    ):
        with replicas.read_session() as session:
            assert session.scalar(IN_RECOVERY) is True
            session.execute(text("SELECT pg_advisory_lock(7)"))
            assert session.scalar(IN_RECOVERY) is False
        assert (advisory_locks(primary), advisory_locks(replica.server)) == (0, 0)
        with replicas.read_session() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
            kill_under(session, replica)
            with pytest.raises(DBAPIError):
                session.scalar(IN_RECOVERY)
        assert replicas.token() is None
        with replicas.session() as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            session.execute(text("INSERT INTO notes (text) VALUES ('through the pooler')"))
        assert replicas.token() is not None
        with replicas.read_session() as session:
            assert session.scalar(select(func.count()).where(Note.text == "through the pooler")) == 1
