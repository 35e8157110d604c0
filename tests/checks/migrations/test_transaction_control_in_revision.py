"""The rule `transaction-control-in-revision`."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from tests.checks.migrations.conftest import Rules
from tests.support.database import Database

CHECK = "transaction-control-in-revision"
_ENV = """
from alembic import context
from sqlalchemy import create_engine
engine = create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
_REVISION = """
from alembic import op
revision, down_revision = "r1", None
def upgrade():
    op.execute("CREATE TABLE made (id int)")
    op.get_bind().commit()
"""


@pytest.mark.parametrize("word", ["COMMIT", "BEGIN"])
def test_fires_for_words_that_alembic_does_not_know_of(rules: Rules, word: str) -> None:
    assert rules.objects(CHECK, f'op.execute("{word}")') == [word]


def test_quiet_for_a_savepoint(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("SAVEPOINT s")\nop.execute("RELEASE s")') == []


@pytest.mark.parametrize("word", ["commit", "rollback"])
def test_fires_for_methods_of_the_connection(rules: Rules, word: str) -> None:
    assert rules.objects(CHECK, f'op.execute("SELECT id FROM note")\nop.get_bind().{word}()') == [word.upper()]


def test_quiet_for_an_autocommit_block_and_for_a_connection_of_its_own(rules: Rules) -> None:
    block = 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON note (title)")\n'
    own = 'with op.get_bind().engine.begin() as other:\n    other.execute(sa.text("UPDATE small SET state = title"))'
    assert rules.objects(CHECK, block + own) == []


def test_alembic_loses_the_version_of_a_revision_that_commits(database: Database, tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    for name, text in (("env.py", _ENV), ("versions/r1.py", _REVISION)):
        (tmp_path / name).write_text(text)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    config = Config(str(tmp_path / "alembic.ini"))
    config.attributes["url"] = database.url("psycopg")
    command.upgrade(config, "head")
    assert database.rows("SELECT to_regclass('made') IS NOT NULL") == [(True,)]
    assert database.rows("SELECT count(*) FROM alembic_version") == [(0,)]
