"""`pgwright migrate`: the app's own env.py, with the runner in Alembic's place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Run
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database

SYNC = """
from alembic import context
from sqlalchemy import create_engine, NullPool, text
engine = create_engine({url!r}, poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
BEGUN = """
from alembic import context
from sqlalchemy import create_engine, NullPool, text
engine = create_engine({url!r}, poolclass=NullPool)
with engine.begin() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    connection.execute(text("SET search_path TO app, public"))
    context.configure(connection=connection, version_table_schema="app")
    with context.begin_transaction():
        context.run_migrations()
"""
ASYNC = """
import asyncio
from alembic import context
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine({url!r}, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(main())
"""
SEVERAL = """
from alembic import context
from sqlalchemy import create_engine, NullPool, text
connections = [create_engine({url!r}, poolclass=NullPool).connect() for _ in range(2)]
transactions = [connection.begin() for connection in connections]
for name, connection in zip(("one", "two"), connections):
    connection.execute(text(f"CREATE SCHEMA {{name}}"))
    connection.execute(text(f"SET search_path TO {{name}}"))
    context.configure(connection=connection, version_table_schema=name)
    context.run_migrations()
for transaction in transactions:
    transaction.commit()
for connection in connections:
    connection.close()
"""
REVISION = '''"""{message}"""
from alembic import op
revision, down_revision = {revision!r}, {down!r}
def upgrade():
{upgrade}
def downgrade():
    pass
'''
CREATE = 'op.execute("CREATE TABLE note (id int PRIMARY KEY, a int)")'
BUILD = (
    "with op.get_context().autocommit_block():",
    '    op.create_index("ix_a", "note", ["a"], postgresql_concurrently=True)',
)
ADD = 'op.execute("ALTER TABLE note ADD COLUMN b int")'


class Directory:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        (folder / "versions").mkdir()
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        self.env(SYNC)
        self.revision("r1", None, CREATE)
        self.revision("r2", "r1", *BUILD)
        self.revision("r3", "r2", ADD)

    def env(self, text: str, driver: str = "psycopg") -> None:
        (self.folder / "env.py").write_text(text.format(url=self.database.url(driver)))

    def revision(self, revision: str, down: str | tuple[str, ...] | None, *lines: str) -> None:
        text = REVISION.format(
            message=f"Make {revision}",
            revision=revision,
            down=down,
            upgrade="\n".join(f"    {line}" for line in lines or ("pass",)),
        )
        (self.folder / "versions" / f"{revision}.py").write_text(text)

    def version(self, schema: str = "public") -> list[object]:
        return [row[0] for row in self.database.rows(f"SELECT version_num FROM {schema}.alembic_version")]


@pytest.fixture
def directory(database: Database, tmp_path: Path) -> Directory:
    return Directory(tmp_path, database)


@pytest.mark.parametrize(
    ("env", "driver", "schema"),
    [(SYNC, "psycopg", "public"), (BEGUN, "psycopg", "app"), (ASYNC, "asyncpg", "public")],
)
def test_any_env_runs_revision_by_revision(run: Run, directory: Directory, env: str, driver: str, schema: str) -> None:
    directory.env(env, driver)
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 0, said.output
    assert directory.version(schema) == ["r3"]
    assert directory.database.rows(f"SELECT count(*) FROM {schema}.pgwright_migration WHERE ordinal = 0") == [(3,)]
    assert f"/{directory.database.name}" in said.stderr


def test_several_databases_are_migrated_one_after_the_other(run: Run, directory: Directory) -> None:
    directory.env(SEVERAL)
    said = run("migrate", "--alembic", str(directory.folder), "--format", "json")
    assert said.exit_code == 0, said.output
    assert (directory.version("one"), directory.version("two")) == (["r3"], ["r3"])
    document = json.loads(said.stdout)
    assert [one["after"] for one in document["databases"]] == [["r3"], ["r3"]]


def test_until_ends_at_a_revision(run: Run, directory: Directory) -> None:
    assert run("migrate", "--alembic", str(directory.folder), "--until", "r2").exit_code == 0
    assert directory.version() == ["r2"]


def test_a_dry_run_names_who_is_in_the_way_and_changes_nothing(run: Run, directory: Directory) -> None:
    run("migrate", "--alembic", str(directory.folder), "--until", "r2")
    with psycopg.connect(directory.database.dsn, application_name="report") as reader:
        reader.execute("SELECT count(*) FROM note, pg_sleep(1.1)")
        said = run("migrate", "--alembic", str(directory.folder), "--dry-run", "--format", "json")
    assert said.exit_code == 1, said.output
    (planned,) = json.loads(said.stdout)["databases"][0]["revisions"]
    assert planned["plan"][0]["locks"] == {"note": "AccessExclusiveLock"}
    assert "report" in planned["plan"][0]["in_the_way"][0]
    assert directory.version() == ["r2"]


def test_it_gives_way_to_a_reader_and_says_so(run: Run, directory: Directory) -> None:
    run("migrate", "--alembic", str(directory.folder), "--until", "r2")
    with psycopg.connect(directory.database.dsn, application_name="report") as reader:
        reader.execute("SELECT count(*) FROM note, pg_sleep(1.1)")
        said = run("migrate", "--alembic", str(directory.folder), "--patience", "1s")
    assert said.exit_code == 1, said.output
    assert "report" in said.output
    assert directory.version() == ["r2"]


def test_it_goes_on_when_the_reader_is_through(run: Run, directory: Directory) -> None:
    run("migrate", "--alembic", str(directory.folder), "--until", "r2")
    with psycopg.connect(directory.database.dsn) as reader:
        reader.execute("SELECT count(*) FROM note, pg_sleep(1.1)")
        threading.Timer(1, reader.rollback).start()
        said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 0, said.output
    assert directory.version() == ["r3"]


def test_a_revision_that_fails_is_named_with_those_that_stay(run: Run, directory: Directory) -> None:
    directory.revision("r3", "r2", 'op.execute("SELECT 1 / 0")')
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "after r1, r2, which stay" in said.stderr
    assert "division by zero" in said.stderr
    assert directory.version() == ["r2"]


def test_several_heads_are_named_or_all_run(run: Run, directory: Directory) -> None:
    directory.revision("r4", "r2")
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "--until heads" in said.stderr
    assert run("migrate", "--alembic", str(directory.folder), "--until", "heads").exit_code == 0
    assert sorted(map(str, directory.version())) == ["r3", "r4"]


def test_a_database_ahead_of_the_code_is_told(run: Run, directory: Directory) -> None:
    run("migrate", "--alembic", str(directory.folder))
    directory.database.execute("UPDATE alembic_version SET version_num = 'r9'")
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "ahead of this code" in said.stderr


def test_a_chain_with_a_missing_revision_is_told(run: Run, directory: Directory) -> None:
    (directory.folder / "versions" / "r2.py").unlink()
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "r2" in said.stderr


def test_an_env_that_imports_what_is_missing_says_where_to_run(run: Run, directory: Directory) -> None:
    directory.env("import no_such_app")
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "has to run where the app is installed" in said.stderr


def test_a_backfill_that_a_revision_requires_is_run(run: Run, directory: Directory) -> None:
    directory.revision(
        "r4", "r3",
        "import pgwright_runtime.backfills.alembic",
        # More than the megabyte that a revision fills by itself.
        'op.execute("INSERT INTO note SELECT n FROM generate_series(1, 40000) n")',
        'op.declare_backfill("b", table="note", sets={"b": "1"}, where="b IS NULL")',
    )  # fmt: skip
    directory.revision("r5", "r4", "import pgwright_runtime.backfills.alembic", 'op.require_backfill("b")')
    said = run("migrate", "--alembic", str(directory.folder))
    assert said.exit_code == 2
    assert "--with-backfills" in said.stderr
    said = run("migrate", "--alembic", str(directory.folder), "--with-backfills")
    assert said.exit_code == 0, said.output
    assert directory.database.rows("SELECT count(b) FROM note") == [(40_000,)]


@pytest.mark.parametrize(("env", "driver"), [(SYNC, "psycopg"), (ASYNC, "asyncpg")])
@pytest.mark.parametrize("is_building", [False, True])
def test_ctrl_c_leaves_nothing_half_done(
    run: Run, directory: Directory, env: str, driver: str, is_building: bool
) -> None:
    directory.env(env, driver)
    run("migrate", "--alembic", str(directory.folder), "--until", "r1")
    if not is_building:
        directory.revision("r2", "r1", ADD, 'op.execute("SELECT pg_sleep(60)")')
    waits = "wait_event = 'PgSleep'" if not is_building else "query LIKE 'CREATE INDEX CONCURRENTLY%'"
    runs = (
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{directory.database.name}' AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(directory.database.dsn) as writer:
        if is_building:
            writer.execute("LOCK TABLE note IN ROW EXCLUSIVE MODE")  # a build waits for who may write
        process = subprocess.Popen(
            [*INTERRUPTIBLE, "migrate", "--alembic", str(directory.folder), "--yes"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        while directory.database.rows(f"{runs} AND state = 'active' AND {waits}") == [(0,)]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "the next run goes on" in " ".join(said.split())
    assert directory.version() == ["r1"]
    half = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'b'"
    assert directory.database.rows(half) == [(0,)]
    assert run("migrate", "--alembic", str(directory.folder), "--until", "r2" if is_building else "r1").exit_code == 0
    assert directory.database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
