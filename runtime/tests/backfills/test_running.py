"""Backfills: declared by a revision, run in batches, resumed, and known to be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.backfills import (
    BackfillNotDone,
    async_is_backfilled,
    backfill_states,
    is_backfilled,
    run_backfills,
)
from pgwright_runtime.batches import Pace
from tests.support.alembic_project import Project
from tests.support.database import Database

QUICK = Pace(busy=1)
EXPAND = """
import sqlalchemy as sa
from alembic import op
import pgwright_runtime.backfills.alembic  # noqa: F401

revision, down_revision = "r1", None

def upgrade():
    op.add_column("note", sa.Column("title_lower", sa.Text))
    op.declare_backfill("note_title_lower", table="note", sets={"title_lower": "lower(title)"},
                        where="title_lower IS NULL", keep_filled=KEEP)

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
    op.drop_backfill("note_title_lower")

def downgrade():
    pass
"""
ROWS = 30_000


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    database.execute(
        "CREATE TABLE note (id bigint PRIMARY KEY, title text NOT NULL);"
        f"INSERT INTO note SELECT n, 'Title ' || n FROM generate_series(1, {ROWS}) n; ANALYZE note"
    )
    project = Project(tmp_path, database)
    (tmp_path / "versions" / "r1.py").write_text(EXPAND.replace("KEEP", "False"))
    (tmp_path / "versions" / "r2.py").write_text(CONTRACT)
    return project


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


def left(database: Database) -> object:
    return database.rows("SELECT count(*) FROM note WHERE title_lower IS DISTINCT FROM lower(title)")[0][0]


def test_what_a_revision_declares_is_run_outside_of_it(project: Project, engine: Engine) -> None:
    project.upgrade("r1")
    assert left(project.database) == ROWS
    with pytest.raises(BackfillNotDone, match="pgwright backfill note_title_lower"):
        project.upgrade("r2")
    with engine.connect() as connection:
        assert not is_backfilled(connection, "note_title_lower")
    (ran,) = run_backfills(engine, pace=QUICK)
    assert (ran.is_done, ran.changed, ran.left, ran.ended) == (True, ROWS, 0, "done")
    assert left(project.database) == 0
    with engine.connect() as connection:
        assert is_backfilled(connection, "note_title_lower")
        (state,) = backfill_states(connection)
    assert (state.state, state.changed) == ("done", ROWS)
    assert run_backfills(engine) == ()
    assert run_backfills(engine, ["note_title_lower"])[0].ended == "done before"
    project.upgrade("r2")


async def test_an_async_engine_does_the_same(project: Project, database: Database) -> None:
    project.upgrade("r1")
    engine = create_async_engine(database.url())
    (ran,) = await run_backfills(engine, pace=QUICK)
    async with engine.connect() as connection:
        assert await async_is_backfilled(connection, "note_title_lower")
    await engine.dispose()
    assert (ran.is_done, left(database)) == (True, 0)
