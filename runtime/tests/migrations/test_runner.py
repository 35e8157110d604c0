"""What the runner gives way to, and how it goes on: on a real server, with sessions that hold and wait."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._locks import lock_key
from pgwright_runtime.migrations import (
    MigrationPace,
    MigrationProgress,
    NotResumable,
    RunnerBusy,
    StillQueued,
    TableHeld,
    Unhealthy,
)
from pgwright_runtime.migrations.journal import JournalLine, MigrationJournal, RevisionKey
from runtime.tests.support.migrations_app import App, session
from tests.support.database import Database

QUICK = MigrationPace(lock_timeout_ms=100, tries=2, pause_s=0.05, old_s=0.5, patience_s=0.5)
ADD = 'op.execute("ALTER TABLE note ADD COLUMN b int")'
BLOCK = "with op.get_context().autocommit_block():"
BUILD = '    op.create_index("ix_a", "note", ["a"], postgresql_concurrently=True, if_not_exists=True)'


@pytest.fixture
def app(database: Database, tmp_path: Path) -> App:
    database.execute("CREATE TABLE note (id int PRIMARY KEY, a int); INSERT INTO note VALUES (1, 1)")
    app = App(tmp_path, database)
    app.safely["settings"] = QUICK
    return app


def test_a_transaction_that_is_old_is_named_and_not_queued_behind(app: App) -> None:
    app.revision("r1", None, ADD)
    with session(app, "SELECT * FROM note, pg_sleep(0.6)"), pytest.raises(TableHeld) as raised:
        app.upgrade()
    assert "note is held by process" in str(raised.value)
    assert "report" in str(raised.value)
    assert app.database.rows("SELECT to_regclass('alembic_version') IS NULL OR count(*) = 0 FROM alembic_version") == [
        (True,)
    ]


def test_a_lock_that_does_not_come_is_tried_again_and_its_holder_named(app: App) -> None:
    app.safely["settings"] = MigrationPace(lock_timeout_ms=50, tries=2, pause_s=0.05, old_s=60)
    app.revision("r1", None, ADD)
    told: list[MigrationProgress] = []
    app.safely["tell"] = told.append
    with session(app, "SELECT * FROM note", name="young"), pytest.raises(TableHeld, match="2 tries of 50 ms"):
        app.upgrade()
    assert [one.phase for one in told].count("retrying") == 1
    assert any("young" in one.reason for one in told)


def test_it_steps_back_when_somebody_waits_for_it_too_long(app: App) -> None:
    app.revision("r1", None, ADD, 'op.execute("SELECT pg_sleep(30)")')

    ended = threading.Event()

    def read() -> None:
        with psycopg.connect(app.database.dsn, autocommit=True) as connection:
            while not ended.wait(0.01):
                connection.execute("SELECT * FROM note")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with pytest.raises(StillQueued, match="The app waits for this longer than it may"):
            app.upgrade()
    finally:
        ended.set()
        reader.join()


def test_a_second_run_is_refused_with_who_runs(app: App) -> None:
    app.revision("r1", None, ADD)
    key = lock_key("migrations")
    with session(app, f"SELECT pg_advisory_xact_lock({key})", name="the-first"):
        app.safely["settings"] = MigrationPace(waits_for_runner=False)
        with pytest.raises(RunnerBusy, match="the-first"):
            app.upgrade()


def test_a_second_run_that_waits_finds_it_done(app: App) -> None:
    app.revision("r1", None, ADD)
    app.safely["settings"] = MigrationPace(patience_s=60)
    threads = [threading.Thread(target=app.upgrade) for _ in range(2)]
    threads[0].start()
    threads[0].join()
    threads[1].start()
    threads[1].join()
    assert [len(run.revisions) for run in app.runs] == [1, 0]


def test_an_invalid_index_is_replaced_though_if_not_exists_would_keep_it(app: App) -> None:
    app.database.execute("CREATE INDEX ix_a ON note (a); CREATE INDEX ix_other ON note (a)")
    app.database.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'note'::regclass AND NOT indisprimary"
    )
    app.revision("r1", None, BLOCK, BUILD)
    app.upgrade()
    assert app.is_valid("ix_a")
    assert not app.is_valid("ix_other")


def test_a_build_in_a_transaction_replaces_an_invalid_one(app: App) -> None:
    app.database.execute("CREATE INDEX ix_a ON note (a)")
    app.database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_a'::regclass")
    app.revision("r1", None, 'op.create_index("ix_a", "note", ["a"], if_not_exists=True)')
    app.upgrade()
    assert app.is_valid("ix_a")


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_name_that_the_server_cuts_is_found(app: App, driver: str) -> None:
    app.driver, name = driver, "ix_" + 70 * "a"
    app.revision("r1", None, BLOCK, f"    op.execute('CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON note (a)')")
    app.upgrade()
    assert app.is_valid(name)


def interrupt(app: App, after: int) -> None:
    """Bring the journal and the version to where a kill after so many statements leaves them."""
    app.database.execute(
        f"DELETE FROM pgwright_migration WHERE ordinal > {after};"
        "UPDATE pgwright_migration SET state = 'running' WHERE ordinal = 0;"
        "DELETE FROM alembic_version"
    )


def test_what_an_interrupted_run_committed_is_not_run_again(app: App) -> None:
    app.revision("r1", None, ADD, BLOCK, BUILD, '    op.execute("INSERT INTO note VALUES (2, 2)")', "pass")
    app.upgrade()
    interrupt(app, 2)
    app.database.execute("DELETE FROM note WHERE id = 2")
    app.upgrade()
    assert app.version() == "r1"
    assert app.runs[-1].revisions[0].resumed_after == 2
    assert app.database.rows("SELECT count(*) FROM note") == [(2,)]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_revision_that_ends_the_transaction_itself_is_noted(app: App, driver: str) -> None:
    app.driver = driver
    app.revision("r1", None, "op.get_bind().commit()", BLOCK, BUILD, undo='op.drop_index("ix_a")')
    app.revision("r2", "r1", ADD, "op.get_bind().commit()", undo='op.drop_column("note", "b")')
    app.upgrade()
    assert app.is_valid("ix_a")
    assert app.version() == "r2"
    app.downgrade("base")
    assert app.version() is None


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_loop_that_commits_itself_skips_no_row_when_it_is_run_again(app: App, driver: str, tmp_path: Path) -> None:
    app.driver, stopped = driver, tmp_path / "stopped"
    app.database.execute("INSERT INTO note SELECT n, NULL FROM generate_series(2, 7) AS n")
    app.revision(
        "r1",
        None,
        "from pathlib import Path",
        "from sqlalchemy import text",
        "bind = op.get_bind()",
        "rows = bind.execute(text('SELECT id FROM note WHERE a IS NULL ORDER BY id')).scalars().all()",
        "for done, row in enumerate(rows):",
        f"    if done == 3 and not Path({str(stopped)!r}).exists():",
        f"        Path({str(stopped)!r}).write_text(bind.exec_driver_sql('SHOW lock_timeout').scalar())",
        '        raise RuntimeError("stopped")',
        "    bind.execute(text('UPDATE note SET a = 1 WHERE id = :row'), {'row': row})",
        "    bind.commit()",
        "bind.execute(text('SELECT 1'))",
    )
    with pytest.raises(RuntimeError, match="stopped"):
        app.upgrade()
    assert stopped.read_text() == "100ms"
    assert app.database.rows("SELECT count(*) FROM note WHERE a IS NULL") == [(3,)]
    app.upgrade()
    assert app.database.rows("SELECT count(*) FROM note WHERE a IS NULL") == [(0,)]
    assert app.version() == "r1"


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_statement_of_an_autocommit_block_waits_and_goes_on(app: App, driver: str) -> None:
    app.driver = driver
    app.safely["settings"] = MigrationPace(lock_timeout_ms=100, pause_s=0.05, old_s=0.3)
    seen = threading.Event()
    app.safely["tell"] = lambda told: seen.set() if told.phase == "waiting" else None
    app.revision("r1", None, BLOCK, f"    {ADD}", 'op.execute("ALTER TABLE note ADD COLUMN c int")')
    with session(app, "SELECT * FROM note, pg_sleep(0.4)") as reader:
        migrating = threading.Thread(target=app.upgrade)
        migrating.start()
        assert seen.wait(20)
        reader.rollback()
        migrating.join()
    assert app.version() == "r1"
    assert app.database.rows("SELECT b, c FROM note") == [(None, None)]


def test_a_build_that_was_interrupted_half_way_is_done_again(app: App) -> None:
    app.revision("r1", None, BLOCK, BUILD)
    app.upgrade()
    interrupt(app, 1)
    app.database.execute("UPDATE pgwright_migration SET state = 'running'")
    app.database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_a'::regclass")
    app.upgrade()
    assert app.is_valid("ix_a")
    assert app.version() == "r1"


def test_a_detach_that_was_interrupted_is_finished(app: App) -> None:
    app.database.execute(
        "CREATE TABLE event (at date) PARTITION BY RANGE (at);"
        "CREATE TABLE old PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
    )
    app.revision("r1", None, BLOCK, '    op.execute("ALTER TABLE event DETACH PARTITION old CONCURRENTLY")')
    with psycopg.connect(app.database.dsn) as reader:
        reader.execute("SELECT * FROM event")
        with psycopg.connect(app.database.dsn, autocommit=True) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("ALTER TABLE event DETACH PARTITION old CONCURRENTLY")
    pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
    assert app.database.rows(pending) == [(1,)]
    seed_running(app, "ALTER TABLE event DETACH PARTITION old CONCURRENTLY")
    app.upgrade()
    assert app.database.rows("SELECT count(*) FROM pg_inherits WHERE inhparent = 'event'::regclass") == [(0,)]
    assert app.version() == "r1"


def seed_running(app: App, statement: str) -> None:
    """Write the journal of a run that was killed while its first statement, a bare one, ran."""
    engine = create_engine(app.database.url("psycopg"), poolclass=NullPool)
    journal = MigrationJournal("public", "alembic_version")
    with engine.begin() as connection:
        assert journal.create(connection) == ""
        lines = [JournalLine(0, "-- r1", "running"), JournalLine(1, statement, "running")]
        journal.write(connection, RevisionKey("r1", True), lines)
    engine.dispose()


def test_where_nobody_can_tell_whether_it_ran_it_says_so(app: App) -> None:
    app.revision("r1", None, BLOCK, '    op.execute("CREATE DATABASE never_made")')
    seed_running(app, "CREATE DATABASE never_made")
    with pytest.raises(NotResumable, match="Nobody can tell"):
        app.upgrade()


def test_a_revision_that_changed_meanwhile_is_not_gone_on_with(app: App) -> None:
    app.revision("r1", None, ADD, BLOCK, BUILD)
    app.upgrade()
    interrupt(app, 2)
    app.revision("r1", None, 'op.execute("ALTER TABLE note ADD COLUMN c int")', BLOCK, BUILD)
    with pytest.raises(NotResumable, match="now sends something else"):
        app.upgrade()


def test_a_table_is_analyzed_for_a_new_expression(app: App) -> None:
    app.database.execute("INSERT INTO note SELECT n, n FROM generate_series(2, 500) n; ANALYZE note")
    app.revision("r1", None, 'op.execute("CREATE INDEX ix_half ON note ((a / 2))")')
    app.revision("r2", "r1", 'op.execute("ALTER TABLE note ADD COLUMN empty int")')
    app.upgrade()
    assert [one.analyzed for one in app.runs[0].revisions] == [("note",), ()]
    assert app.database.rows("SELECT count(*) FROM pg_stats WHERE tablename = 'ix_half'") == [(1,)]


def test_a_url_that_gives_an_error_is_a_stop(app: App) -> None:
    app.safely["settings"] = MigrationPace(health_url="http://127.0.0.1:9/", health_timeout_s=1)
    app.revision("r1", None, ADD)
    with pytest.raises(Unhealthy, match="gave 3 times"):
        app.upgrade()


def test_inside_of_a_transaction_of_a_test_all_is_rolled_back_with_it(app: App) -> None:
    app.revision("r1", None, ADD)
    engine = create_engine(app.database.url("psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        transaction = connection.begin()
        app.attributes["connection"] = connection
        app.upgrade()
        assert "one, and keep their locks" in app.runs[0].notes[0]
        transaction.rollback()
    engine.dispose()
    assert app.database.rows("SELECT to_regclass('alembic_version')::text") == [(None,)]


def test_a_role_that_may_not_make_the_journal_goes_on_without(app: App) -> None:
    role = f"r_{app.database.name}"
    app.database.execute(
        "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);"
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"  # the rule from PostgreSQL 15 on
        f"CREATE ROLE {role} LOGIN; GRANT ALL ON alembic_version TO {role}; GRANT SELECT, UPDATE ON note TO {role}"
    )
    app.revision("r1", None, 'op.execute("UPDATE note SET a = 2")')
    engine = create_engine(app.database.url("psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET SESSION AUTHORIZATION {role}")
        connection.commit()
        app.attributes["connection"] = connection
        app.upgrade()
    engine.dispose()
    app.database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "may not make or write" in " ".join(app.runs[0].notes)
    assert app.version() == "r1"


def test_an_error_of_the_revision_is_raised_as_it_is(app: App) -> None:
    app.revision("r1", None, 'op.execute("SELECT * FROM nowhere")')
    with pytest.raises(DBAPIError, match="nowhere"):
        app.upgrade()


def test_a_savepoint_that_a_revision_rolls_back_is_no_part_of_what_is_done(app: App) -> None:
    app.revision(
        "r1", None,
        "bind = op.get_bind()",
        "import sqlalchemy",
        "try:",
        "    with bind.begin_nested():",
        '        op.execute("INSERT INTO note VALUES (7, 7)")',
        '        op.execute("SELECT 1 / 0")',
        "except sqlalchemy.exc.DBAPIError:",
        "    pass",
        BLOCK,
        '    op.execute("INSERT INTO note VALUES (8, 8)")',
    )  # fmt: skip
    app.upgrade()
    assert app.database.rows("SELECT statement FROM pgwright_migration WHERE ordinal > 0") == [
        ("INSERT INTO note VALUES (8, 8)",)
    ]


def test_locks_are_those_that_keep_others_from_something(app: App) -> None:
    app.revision("r1", None, ADD, 'op.execute("CREATE TABLE fresh (id int REFERENCES note)")')
    app.upgrade()
    assert app.runs[0].revisions[0].locks == {"note": "AccessExclusiveLock"}


def test_what_a_killed_run_left_to_analyze_is_analyzed_by_the_next(app: App) -> None:
    app.revision("r1", None, "pass")
    app.upgrade()
    app.database.execute(
        "INSERT INTO note SELECT n, n FROM generate_series(2, 500) n;"
        """UPDATE pgwright_migration SET note = '{"analyze": ["note", "gone"]}'"""
    )
    app.revision("r2", "r1", "pass")
    app.upgrade()
    assert app.database.rows("SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'note'") == [(True,)]
    assert app.database.rows("SELECT count(*) FROM pgwright_migration WHERE note <> '{}'") == [(0,)]
