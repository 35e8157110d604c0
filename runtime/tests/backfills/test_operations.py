"""The operations of Alembic: in real revisions, up and down, online and offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime import create_engine
from pgwright_runtime.backfills import BackfillNotDone, UnknownBackfill, run_backfills
from runtime.tests.support.backfill_notes import NAME, QUICK, declare, revising
from tests.support.alembic_project import Project
from tests.support.database import Database

EXPAND = """
import sqlalchemy as sa
from alembic import op
import pgwright_runtime.backfills.alembic  # noqa: F401

revision, down_revision = "r1", None

def upgrade():
    op.add_column("note", sa.Column("title_lower", sa.Text))
    op.declare_backfill("note_title_lower", table="note", sets={"title_lower": "lower(title) -- 100%: 'ok'"},
                        where="title_lower IS NULL", keep_filled=True)

def downgrade():
    op.drop_backfill("note_title_lower")
    op.drop_column("note", "title_lower")
"""
CONTRACT = """
from alembic import op
import pgwright_runtime.backfills.alembic  # noqa: F401

revision, down_revision = "r2", "r1"

def upgrade():
    op.require_backfill("note_title_lower")
    op.add_checked_not_null("note", "title_lower")
    op.add_validated_constraint("note", "note_lower_check", "CHECK (title_lower = lower(title_lower))")
    op.drop_backfill("note_title_lower")

def downgrade():
    op.drop_constraint("note_lower_check", "note")
    op.alter_column("note", "title_lower", nullable=True)
    op.declare_backfill("note_title_lower", table="note", sets={"title_lower": "lower(title) -- 100%: 'ok'"},
                        where="title_lower IS NULL", keep_filled=True)
"""
MANY = 30_000
"""More rows than a small table has."""


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    database.execute("CREATE TABLE note (id bigint PRIMARY KEY, title text NOT NULL)")
    project = Project(tmp_path, database)
    project.options["transaction_per_migration"] = True
    for name, text in (("r1", EXPAND), ("r2", CONTRACT)):
        (tmp_path / "versions" / f"{name}.py").write_text(text)
    return project


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


def fill(database: Database, rows: int) -> None:
    database.execute(f"INSERT INTO note SELECT n, 'Title ' || n FROM generate_series(1, {rows}) n; ANALYZE note")


def left(database: Database) -> object:
    return database.rows("SELECT count(*) FROM note WHERE title_lower IS DISTINCT FROM lower(title)")[0][0]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_large_table_waits_for_its_run(project: Project, engine: Engine, driver: str) -> None:
    project.driver = driver
    fill(project.database, MANY)
    project.upgrade("r1")
    assert left(project.database) == MANY
    with pytest.raises(BackfillNotDone, match="pgwright backfill note_title_lower"):
        project.upgrade()
    assert run_backfills(engine, pace=QUICK)[0].is_done
    project.upgrade()
    assert left(project.database) == 0
    assert project.database.rows("SELECT attnotnull FROM pg_attribute WHERE attname = 'title_lower'") == [(True,)]
    checks = "SELECT conname, convalidated FROM pg_constraint WHERE contype = 'c' AND conrelid = 'note'::regclass"
    assert project.database.rows(checks) == [("note_lower_check", True)]


@pytest.mark.parametrize("rows", [0, 100])
def test_a_new_installation_has_nothing_to_wait_for(project: Project, rows: int) -> None:
    fill(project.database, rows)
    project.upgrade()
    assert left(project.database) == 0


def test_what_was_done_is_taken_back(project: Project) -> None:
    before = project.dump()
    project.upgrade("r1")
    first = project.dump()
    project.upgrade("r2")
    project.downgrade("r1")
    assert project.dump() == first
    project.downgrade("base")
    project.database.execute("DROP TABLE pgwright_backfill")
    assert project.dump() == before


def test_the_printed_statements_do_the_same(project: Project) -> None:
    fill(project.database, 100)
    script = project.offline("upgrade", "head")
    project.psql(script)
    printed = project.dump()
    assert left(project.database) == 0
    project.psql(project.offline("downgrade", "r2:base"))
    project.database.execute("DROP TABLE alembic_version, pgwright_backfill")
    project.upgrade()
    assert project.dump() == printed


def test_a_printed_requirement_raises(project: Project) -> None:
    fill(project.database, MANY)
    project.upgrade("r1")
    with pytest.raises(AssertionError, match="the backfill note_title_lower is not done"):
        project.psql(project.offline("upgrade", "r1:r2"))


def test_autogenerate_leaves_its_table_alone(project: Project) -> None:
    project.upgrade("r1")
    project.metadata = MetaData()
    Table("note", project.metadata, Column("id", BigInteger, primary_key=True), Column("title", Text, nullable=False),
          Column("title_lower", Text))  # fmt: skip
    (project.folder / "versions" / "r2.py").unlink()
    command.check(project.config())


def test_the_same_declaration_again_changes_nothing_and_another_one_is_an_error(
    project: Project, engine: Engine
) -> None:
    project.database.execute("ALTER TABLE note ADD title_lower text")
    fill_few(project.database)
    declare(engine)
    run_backfills(engine)
    declare(engine)
    assert project.database.rows("SELECT state FROM pgwright_backfill") == [("done",)]
    with pytest.raises(DBAPIError, match="is declared already, and says something else"):
        declare(engine, where="title_lower = ''")


def fill_few(database: Database) -> None:
    database.execute("INSERT INTO note SELECT n, 'T' || n FROM generate_series(1, 10) n")


def test_a_small_table_is_done_where_it_is_required(project: Project, engine: Engine) -> None:
    project.database.execute("ALTER TABLE note ADD title_lower text")
    fill_few(project.database)
    declare(engine)
    with revising(engine) as op:
        op.require_backfill(NAME)
    assert left(project.database) == 0
    with pytest.raises(UnknownBackfill), revising(engine) as op:
        op.require_backfill("x")


def test_a_small_table_with_a_row_that_cannot_be_done_waits_for_its_run(project: Project, engine: Engine) -> None:
    project.database.execute("ALTER TABLE note ADD number int; INSERT INTO note VALUES (1, 'x')")
    declare(engine, sets={"number": "title::int"}, where="number IS NULL", keep_filled=True)
    with pytest.raises(BackfillNotDone), revising(engine) as op:
        op.require_backfill(NAME)


def test_a_table_of_others_is_not_written(project: Project, engine: Engine) -> None:
    role = f"other_{project.database.name}"
    project.database.execute(f"CREATE ROLE {role}; CREATE TABLE pgwright_backfill (name text)")
    project.database.execute(f"ALTER TABLE pgwright_backfill OWNER TO {role}")
    try:
        with pytest.raises(DBAPIError, match=f"may be written by {role}"):
            project.upgrade("r1")
    finally:
        project.database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_lock_that_does_not_come_is_tried_for_and_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwright_runtime._steps.run.__defaults__", ("10ms", 2))
    project.database.execute("ALTER TABLE note ADD title_lower text")
    engine = create_engine(project.database.url())
    with psycopg.connect(project.database.dsn) as app:
        app.execute("INSERT INTO note VALUES (1, 'x')")
        with pytest.raises(CommandError, match="no lock in 2 tries of 10ms for: CREATE TRIGGER"):
            declare(engine, keep_filled=True)
    engine.dispose()


def test_nothing_is_declared_without_a_part(engine: Engine) -> None:
    with pytest.raises(ValueError, match="says nothing of its sets"):
        declare(engine, sets={})
    with pytest.raises(ValueError, match="has to be a list"):
        declare(engine, key="id")
