"""The rule `no-lock-timeout`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from pgwright.checks import run_checks
from pgwright.checks.lint_code import environment_with
from tests.checks.migrations.conftest import FRESH, Rules, of, with_environment
from tests.support.database import Database

CHECK = "no-lock-timeout"

_BODY = 'op.add_column("note", sa.Column("x", sa.Text()))'


def test_fires_when_nothing_sets_one(rules: Rules) -> None:
    pending = with_environment(rules.pending(_BODY))
    (found,) = of(CHECK, pending)
    assert found.message.startswith("Nothing sets a lock_timeout: while a revision waits for note")
    assert of(CHECK, with_environment(pending, sets_lock_timeout=True)) == []
    assert of(CHECK, with_environment(pending, runs_safely=True)) == []


def test_counts_the_revisions_that_set_one_themselves(rules: Rules) -> None:
    pending = rules.pending(f"""op.execute("SET LOCAL lock_timeout = '2s'")\n{_BODY}""")
    (other,) = rules.pending(_BODY.replace('"x"', '"y"'), schema="").revisions
    other = replace(other, revision="r2")
    (found,) = of(CHECK, with_environment(replace(pending, revisions=(*pending.revisions, other))))
    assert found.message.startswith(
        "1 of 2 revisions lock tables before or without a lock_timeout, and env.py sets none"
    )


def test_says_when_it_cannot_be_read(rules: Rules) -> None:
    pending = with_environment(rules.pending(_BODY), sets_lock_timeout=None)
    assert of(CHECK, pending) == []
    assert [one.what for one in run_checks(pending).not_examined if one.what == CHECK] == [CHECK]


@pytest.mark.parametrize(
    "body", [f"""op.execute("SET lock_timeout = '2s'")\n{_BODY}""", FRESH, 'op.execute("SELECT 1")']
)
def test_quiet_when_no_lock_is_waited_for_long(rules: Rules, body: str) -> None:
    assert of(CHECK, with_environment(rules.pending(body))) == []


def test_the_code_gives_each_revision_its_own_transaction_and_a_timeout(database: Database, tmp_path: Path) -> None:
    """As env.py says it: the version is stored, so nothing took it for a transaction of the app's."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    url = database.url("psycopg")
    head = f"import sqlalchemy as sa\nfrom alembic import context\nconnectable = sa.create_engine({url!r})"
    code = environment_with("SET lock_timeout = '2s'")
    tail = "context.configure(connection=connection, transaction_per_migration=True)\n"
    run = "with context.begin_transaction(): context.run_migrations()\nconnection.close()\nconnectable.dispose()\n"
    (tmp_path / "env.py").write_text(f"{head}\nconnection = connectable.connect()\n{code}\n{tail}{run}")
    body = "op.execute(\"CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS timeout\")"
    (tmp_path / "versions" / "r1.py").write_text(
        f"from alembic import op\nrevision, down_revision = 'r1', None\ndef upgrade():\n    {body}\n"
    )
    command.upgrade(Config(str(tmp_path / "alembic.ini")), "head")
    assert database.rows("SELECT timeout, version_num FROM seen, alembic_version") == [("2s", "r1")]
