"""What a run gives way to around the database: a replica that lags, a full server, a pooler, a vacuum that must be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime.migrations import MigrationPace, TableHeld, Unhealthy
from runtime.tests.support.migrations_app import App
from runtime.tests.support.pgbouncer import run_pgbouncer
from runtime.tests.support.replica_servers import Replica, primary, replica
from tests.support.database import Database

__all__ = ["primary", "replica"]
QUICK = MigrationPace(lock_timeout_ms=100, tries=2, pause_s=0.05, old_s=0.5, patience_s=0.5)
ADD = 'op.execute("ALTER TABLE note ADD COLUMN b int")'
_FREEZES = 100_000  # transactions, the least that autovacuum_freeze_max_age may be
_SOON_S = 60.0


def app_on(server: EmbeddedServer, name: str, folder: Path) -> App:
    server.create_database(name)
    database = Database(server, name)
    database.execute("CREATE TABLE note (id int PRIMARY KEY, a int); INSERT INTO note VALUES (1, 1)")
    app = App(folder, database)
    app.safely["settings"] = QUICK
    return app


def test_nothing_is_begun_while_a_replica_lags(primary: EmbeddedServer, replica: Replica, tmp_path: Path) -> None:
    app = app_on(primary, "lagging", tmp_path)
    app.safely["settings"] = MigrationPace(patience_s=0.5, lag_bytes=2**20)
    app.revision("r1", None, ADD)
    replica.catch_up()
    replica.execute("SELECT pg_wal_replay_pause()")
    app.database.execute("INSERT INTO note SELECT n, n FROM generate_series(2, 40000) AS n")
    with pytest.raises(Unhealthy, match=r"no further revision was begun.*replica"):
        app.upgrade()
    replica.execute("SELECT pg_wal_replay_resume()")
    replica.catch_up()
    app.upgrade()
    assert app.version() == "r1"


def test_nothing_is_begun_while_connections_run_out(database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE note (id int PRIMARY KEY)")
    app = App(tmp_path, database)
    app.safely["settings"] = MigrationPace(patience_s=0, connections=0.001)
    app.revision("r1", None, ADD)
    with pytest.raises(Unhealthy, match=r"\d+ of \d+ connections are used"):
        app.upgrade()


def test_behind_a_pooler_in_transaction_mode_it_runs_and_says_what_that_costs(
    database: Database, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE note (id int PRIMARY KEY, a int)")
    app = App(tmp_path, database)
    build = '    op.create_index("ix_a", "note", ["a"], postgresql_concurrently=True)'
    app.revision("r1", None, ADD)
    app.revision("r2", "r1", "with op.get_context().autocommit_block():", build)
    with run_pgbouncer(database.server, pool_mode="transaction", pool_size=5) as bouncer:
        app.url = bouncer.url(database.name, "psycopg")
        app.upgrade()
    assert app.version() == "r2"
    assert app.is_valid("ix_a")
    (run,) = app.runs
    assert any("a pooler is between us and the server" in one for one in run.notes)


@pytest.fixture(scope="module")
def freezing() -> Iterator[EmbeddedServer]:
    """A server that begins to freeze early, and is slow at it."""
    settings = {
        "autovacuum": "on",
        "autovacuum_naptime": "1s",
        "autovacuum_freeze_max_age": str(_FREEZES),
        "autovacuum_vacuum_cost_delay": "100ms",
        "autovacuum_vacuum_cost_limit": "1",
    }
    with run_server(settings=settings) as server:
        yield server


def test_an_autovacuum_for_wraparound_is_named_and_not_queued_behind(freezing: EmbeddedServer, tmp_path: Path) -> None:
    app = app_on(freezing, "freezing", tmp_path)
    app.revision("r1", None, ADD)
    app.database.execute("INSERT INTO note SELECT n, n FROM generate_series(2, 200000) AS n")
    _grow_old(app.database)
    with pytest.raises(TableHeld, match=r"note is held by process.*to prevent wraparound"):
        app.upgrade()
    assert _vacuums(app.database), "it went on"


def _grow_old(database: Database) -> None:
    """Use up transactions until the server vacuums for that reason."""
    database.execute(
        "CREATE PROCEDURE burn() LANGUAGE plpgsql AS "
        f"$$ BEGIN FOR i IN 1..{_FREEZES + 1000} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
    )
    database.rows_in_one_session("CALL burn()", "SELECT 1")
    deadline = time.monotonic() + _SOON_S
    while not _vacuums(database):
        assert time.monotonic() < deadline, "no autovacuum came"
        time.sleep(0.1)


def _vacuums(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%note %wraparound%'"
    )
