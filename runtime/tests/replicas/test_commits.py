"""Every way to commit sets the token, so that no read after it is stale."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.replicas import Replicas
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    SyncEngines,
    engines,
    patient,
    primary,
    replay_paused,
    replica,
    sync_engines,
)

__all__ = ["engines", "primary", "replica", "sync_engines"]  # fixtures

INSERT = text("INSERT INTO notes (text) VALUES ('written')")
COUNT = select(func.count()).select_from(Note)
PROCEDURE = """
CREATE OR REPLACE PROCEDURE add_and_commit() LANGUAGE plpgsql
AS $$ BEGIN INSERT INTO notes (text) VALUES ('called'); COMMIT; END $$
"""


def autocommit(session: Session) -> None:
    session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def by_autocommit(session: Session) -> None:
    autocommit(session)
    session.execute(INSERT)
    session.commit()


def by_autocommit_alone(session: Session) -> None:
    autocommit(session)
    session.execute(INSERT)


def by_function_in_autocommit(session: Session) -> None:
    autocommit(session)
    session.execute(select(func.add_note("written")))
    session.rollback()


def by_call(session: Session) -> None:
    autocommit(session)
    session.execute(text("CALL add_and_commit()"))


def by_connection(session: Session) -> None:
    connection = session.connection()
    connection.execute(INSERT)
    connection.commit()


def by_connection_and_function(session: Session) -> None:
    session.scalar(select(func.add_note("written")))
    session.connection().commit()


def by_copy(session: Session) -> None:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy("COPY notes (text) FROM STDIN") as copy:
        copy.write(b"copied\n")
    session.commit()


def by_driver(session: Session) -> None:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    driver.execute("INSERT INTO notes (text) VALUES ('raw')")
    session.commit()


def by_driver_s_commit(session: Session) -> None:
    session.scalar(COUNT)
    driver = session.connection().connection.driver_connection
    assert driver is not None
    driver.execute("INSERT INTO notes (text) VALUES ('raw')")
    driver.commit()
    session.commit()


def by_text(session: Session) -> None:
    session.execute(INSERT)
    session.execute(text("COMMIT"))


def by_core(session: Session) -> None:
    session.connection().execute(Note.__table__.insert().values(text="core"))  # type: ignore[attr-defined]
    session.commit()


@pytest.mark.parametrize(
    "write",
    [
        by_autocommit,
        by_autocommit_alone,
        by_function_in_autocommit,
        by_call,
        by_connection,
        by_connection_and_function,
        by_copy,
        by_driver,
        by_driver_s_commit,
        by_text,
        by_core,
    ],
)
def test_a_write_is_read_however_it_was_committed(
    sync_engines: SyncEngines, primary: EmbeddedServer, replica: Replica, write: Callable[[Session], None]
) -> None:
    with primary.admin() as admin:
        admin.execute(PROCEDURE.encode())
    replica.catch_up()
    with sync_engines.replicas(wait_ms=20) as replicas, replicas.caller():
        with replicas.session() as session:
            before = session.scalar(COUNT)
        assert replicas.token() is None
        with replay_paused(replica):
            with replicas.session() as session:
                write(session)
            assert replicas.token() is not None
            with replicas.read_session() as session:
                assert session.scalar(COUNT) == (before or 0) + 1
        on_primary = replicas.metrics().reads_on_primary
        assert (on_primary["not replayed"], on_primary["unknown write"]) == (1, 0), "where it ended is known"


def test_a_write_in_autocommit_counts_before_the_session_ends(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas, replicas.caller(), replicas.session() as session:
        autocommit(session)
        session.execute(INSERT)
        assert replicas.token() is not None
        with replicas.read_session() as reading:
            assert reading.scalar(select(func.pg_is_in_recovery())) is False


def test_an_engine_in_autocommit_sets_the_token(primary: EmbeddedServer, replica: Replica) -> None:
    writing = create_engine(primary.url("postgres"), isolation_level="AUTOCOMMIT")
    reading = create_engine(replica.server.url("postgres"))
    with Replicas(writing, [reading], secret=SECRET, settings=patient()) as replicas, replicas.caller():
        with replicas.session() as session:
            session.execute(INSERT)
        assert replicas.token() is not None
    writing.dispose()
    reading.dispose()


def test_a_commit_in_two_phases_sets_the_token(primary: EmbeddedServer, replica: Replica) -> None:
    with primary.admin() as admin:
        is_possible = int(admin.execute("SHOW max_prepared_transactions").fetchone()[0]) > 0  # type: ignore[index]
    assert is_possible
    writing, reading = create_engine(primary.url("postgres")), create_engine(replica.server.url("postgres"))
    options = {"twophase": True}
    with Replicas(writing, [reading], secret=SECRET, session_options=options) as replicas, replicas.caller():
        with replicas.session() as session:
            session.execute(select(func.add_note("prepared")))
            session.prepare()
            session.commit()
        token = replicas.token()
        assert token is not None
        with replicas.session() as session:
            session.execute(INSERT)
            session.commit()
        assert replicas.token() not in (None, token)
    writing.dispose()
    reading.dispose()


async def test_async_sessions_do_the_same(engines: Engines) -> None:
    async with engines.replicas() as replicas:
        with replicas.caller():
            async with replicas.session() as session:
                await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
                await session.execute(INSERT)
            assert replicas.token() is not None
        with replicas.caller():
            async with replicas.session() as session:
                connection = await session.connection()
                await connection.execute(INSERT)
                await connection.commit()
            assert replicas.token() is not None
        with replicas.caller():
            async with replicas.session() as session:
                raw = (await (await session.connection()).get_raw_connection()).driver_connection
                assert raw is not None
                await raw.execute("INSERT INTO notes (text) VALUES ('raw')")
                await session.commit()
            assert replicas.token() is not None
            with replicas.caller(replicas.token(), None):
                assert replicas.token() is not None


def test_a_job_of_a_request_that_wrote_nothing_brings_none(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas:
        with replicas.caller():
            token = replicas.token()
        with replicas.caller(token), replicas.read_session() as session:
            assert session.scalar(select(func.pg_is_in_recovery())) is True
