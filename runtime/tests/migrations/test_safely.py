"""`run_migrations_safely()` in env.py: on a real server, sync and async."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Column, Integer, MetaData, Table

from runtime.tests.support.migrations_app import App
from tests.support.database import Database


@pytest.fixture(params=["psycopg", "asyncpg"])
def app(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> App:
    database.execute("CREATE TABLE note (id int PRIMARY KEY, a int)")
    return App(tmp_path, database, request.param)


def test_each_revision_is_a_transaction_of_its_own_and_in_the_journal(app: App) -> None:
    app.revision("r1", None, 'op.execute("ALTER TABLE note ADD COLUMN b int")')
    app.revision("r2", "r1", 'op.execute("SELECT 1 / 0")')
    with pytest.raises(Exception, match="division by zero"):
        app.upgrade()
    assert app.version() == "r1"
    assert app.journal() == [("r1", 0, "done")]
    assert app.database.rows("SELECT locks ->> 'note' FROM pgwright_migration") == [("AccessExclusiveLock",)]


def test_a_downgrade_runs_the_same_way(app: App) -> None:
    app.revision(
        "r1", None, 'op.execute("ALTER TABLE note ADD COLUMN b int")', undo='op.execute("ALTER TABLE note DROP b")'
    )
    app.upgrade()
    app.downgrade("base")
    app.upgrade()
    assert app.database.rows("SELECT is_upgrade, run, state FROM pgwright_migration ORDER BY started") == [
        (True, 1, "done"), (False, 1, "done"), (True, 2, "done"),
    ]  # fmt: skip


def test_an_autocommit_block_is_journaled_by_statement(app: App) -> None:
    app.revision(
        "r1",
        None,
        'op.execute("ALTER TABLE note ADD COLUMN b int")',
        "with op.get_context().autocommit_block():",
        '    op.create_index("ix_b", "note", ["b"], postgresql_concurrently=True, if_not_exists=True)',
        '    op.execute("UPDATE note SET b = 1")',
        'op.execute("ALTER TABLE note ADD COLUMN c int")',
    )
    app.upgrade()
    assert app.journal() == [("r1", number, "done") for number in range(5)]
    assert app.is_valid("ix_b")


def test_autogenerate_leaves_the_journal_alone(app: App) -> None:
    app.revision("r1", None, "pass")
    app.upgrade()
    app.options["target_metadata"] = metadata = MetaData()
    Table("note", metadata, Column("id", Integer, primary_key=True), Column("a", Integer))
    command.check(app.config())


def test_offline_it_prints_what_alembic_prints(app: App) -> None:
    app.revision("r1", None, 'op.execute("SELECT 7")')
    output = io.StringIO()
    command.upgrade(app.config(output), "head", sql=True)
    assert "SELECT 7;" in output.getvalue()
