"""What a revision imports: on a real server, in a real revision."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import pgwright_runtime
import pgwright_runtime.migrations
from tests.support.alembic_project import Project
from tests.support.database import Database

REVISION = """
from alembic import op
from pgwright_runtime.migrations import create_index, patient_session, run, run_long

revision, down_revision = "r1", None


def upgrade():
    with patient_session():
        run("ALTER TABLE note ADD COLUMN kept boolean")
        with op.get_context().autocommit_block():
            create_index("public.ix_note_a", "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_note_a ON public.note (a)")


def downgrade():
    with patient_session(), op.get_context().autocommit_block():
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_note_a")
        run("ALTER TABLE note DROP COLUMN kept")
"""


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    database.execute("CREATE TABLE note (id int PRIMARY KEY, a int)")
    project = Project(tmp_path, database)
    (tmp_path / "versions" / "r1.py").write_text(REVISION)
    return project


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_revision_by_hand_goes_up_and_down(project: Project, driver: str) -> None:
    project.driver = driver
    before = project.dump()
    project.upgrade()
    assert "ix_note_a" in project.dump()
    project.downgrade()
    assert project.dump() == before


def test_what_an_interrupted_build_left_is_replaced(project: Project) -> None:
    project.database.execute("CREATE INDEX ix_note_a ON note (a)")
    project.database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_note_a'::regclass")
    project.upgrade()
    assert project.database.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_note_a'::regclass") == [
        (True,)
    ]


def test_offline_it_prints_what_it_would_run(project: Project) -> None:
    script = project.offline("upgrade", "head")
    assert "SET lock_timeout = '30min';\n\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ix_note_a" in script


@pytest.mark.parametrize(("missing", "message"), [("alembic", "pip install"), ("random", "random")])
def test_only_where_alembic_is_missing_the_import_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, message: str
) -> None:
    monkeypatch.delattr(pgwright_runtime, "migrations")
    for name in [name for name in sys.modules if name.startswith(("pgwright_runtime.migrations", f"{missing}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=message):
        importlib.import_module("pgwright_runtime.migrations")
