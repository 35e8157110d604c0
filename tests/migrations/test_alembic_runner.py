"""The app's revisions on a database of ours: all of Alembic but the app's env.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, downgrade, open_directory, upgrade
from tests.support.database import Database

FIRST = """
from alembic import context, op
revision, down_revision = "a1", None
def upgrade():
    op.execute("CREATE TABLE t (id int)")
    assert not context.is_offline_mode()
def downgrade():
    op.execute("DROP TABLE t")
"""
SECOND = """
from alembic import op
revision, down_revision = "a2", "a1"
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix ON t (id)")
    op.execute("ALTER TABLE t ADD n int")
def downgrade():
    op.execute("ALTER TABLE t DROP n")
    op.drop_index("ix")
"""
BAD = """
from alembic import op
revision, down_revision = "a3", "a2"
def upgrade():
    op.execute("ALTER TABLE t ADD m int")
    op.execute("ALTER TABLE t ADD n int")
def downgrade():
    pass
"""


@pytest.fixture
def directory(tmp_path: Path) -> AlembicDirectory:
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    (tmp_path / "env.py").write_text("raise SystemExit('env.py ran: it may name the production database')")
    for number, text in enumerate((FIRST, SECOND, BAD), start=1):
        (tmp_path / "versions" / f"a{number}.py").write_text(text)
    return open_directory(tmp_path)


def test_revisions_find_the_modules_of_the_app(directory: AlembicDirectory, tmp_path: Path, database: Database) -> None:
    (tmp_path / "only_this_app.py").write_text("NAME = 'x'\n")
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s\npath_separator = os\nprepend_sys_path = %(here)s\n"
    )
    (tmp_path / "versions" / "a1.py").write_text("from only_this_app import NAME\n" + FIRST)
    assert upgrade(database.dsn, open_directory(tmp_path), "a1") == ("a1",)


def test_a_revision_that_cannot_be_imported_is_told_with_the_remedy(
    directory: AlembicDirectory, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "versions" / "a1.py").write_text("import no_such_module\n" + FIRST)
    with pytest.raises(MigrationError, match=r"no_such_module.*has to run where the app is installed"):
        upgrade(database.dsn, open_directory(tmp_path))


def columns(database: Database) -> list[object]:
    return [
        row[0]
        for row in database.rows("SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0")
    ]


def test_up_and_down_without_env_py(directory: AlembicDirectory, database: Database) -> None:
    assert upgrade(database.dsn, directory, "a1") == ("a1",)
    assert upgrade(database.url(), directory, "+1") == ("a2",)
    assert upgrade(database.dsn, directory, "a2") == ()
    assert columns(database) == ["id", "n"]
    assert database.rows("SELECT version_num FROM alembic_version") == [("a2",)]
    assert downgrade(database.dsn, directory, "base") == ("a2", "a1")
    assert database.rows("SELECT version_num FROM alembic_version") == []


def test_a_revision_that_fails_leaves_those_before_it(directory: AlembicDirectory, database: Database) -> None:
    with pytest.raises(MigrationError, match=r'failed after a1, a2: .*column "n" of relation "t" already exists'):
        upgrade(database.dsn, directory)
    assert columns(database) == ["id", "n"]
    assert database.rows("SELECT version_num FROM alembic_version") == [("a2",)]


def test_a_revision_that_ends_the_transaction_itself_is_noted(
    directory: AlembicDirectory, tmp_path: Path, database: Database
) -> None:
    committing = FIRST.replace("    assert", "    op.get_bind().commit()\n    assert")
    (tmp_path / "versions" / "a1.py").write_text(committing)
    assert upgrade(database.dsn, open_directory(tmp_path), "a1") == ("a1",)
    assert database.rows("SELECT version_num FROM alembic_version") == [("a1",)]


@pytest.mark.parametrize("target", ["no_such", "+9"])
def test_an_unknown_target_is_told(directory: AlembicDirectory, database: Database, target: str) -> None:
    with pytest.raises(MigrationError, match="failed"):
        upgrade(database.dsn, directory, target)


def test_a_database_that_does_not_answer_is_told(directory: AlembicDirectory) -> None:
    with pytest.raises(MigrationError, match=r"no_such_host|resolve|known"):
        upgrade("host=no_such_host.invalid dbname=x", directory)


def test_the_version_is_where_the_app_keeps_it(directory: AlembicDirectory, database: Database) -> None:
    database.execute("CREATE SCHEMA app; CREATE TABLE app.alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.execute("CREATE TABLE t (id int); INSERT INTO app.alembic_version VALUES ('a1')")
    assert upgrade(database.dsn, directory, "a2", version_schema="app") == ("a2",)
    assert database.rows("SELECT version_num FROM app.alembic_version") == [("a2",)]
    assert downgrade(database.dsn, directory, "a1", version_schema="app") == ("a2",)
    assert database.rows("SELECT to_regclass('public.alembic_version') IS NULL") == [(True,)]
