"""The command line, run in this process; and a shop whose database has faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pgwright.cli import main
from tests.support.database import Database

Run = Callable[..., Result]

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    placed_at timestamptz NOT NULL, note text NOT NULL);
INSERT INTO users SELECT n, 'user' || n || '@shop.test' FROM generate_series(1, 2000) AS n;
INSERT INTO orders SELECT n, 1 + n % 2000, TIMESTAMPTZ '2026-01-01' + n * INTERVAL '1 minute', repeat('x', 60)
    FROM generate_series(1, 40000) AS n;
ANALYZE
"""


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("DATABASE_URL", "PGHOST", "PGDATABASE", "PGSERVICE", "NO_COLOR", "FORCE_COLOR")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="pgwright")

    return invoke


@pytest.fixture
def shop(database: Database) -> Database:
    """A shop that looks up the orders of a user without an index."""
    database.execute(SCHEMA)
    # Loading the rows is no part of the workload.
    database.execute("SELECT pg_stat_statements_reset(); SELECT pg_stat_reset(); ANALYZE")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for user in range(40):
            connection.execute(
                "SELECT id, note FROM orders WHERE user_id = %s ORDER BY placed_at DESC LIMIT 5", (user,)
            )
    return database


@pytest.fixture
def alembic(shop: Database, tmp_path: Path) -> Path:
    """The shop's Alembic directory, whose only revision the database has."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n")
    (tmp_path / "migrations" / "env.py").write_text("")
    (versions / "first_schema.py").write_text(
        "revision = 'first'\ndown_revision = None\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    )
    shop.execute(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); "
        "INSERT INTO alembic_version VALUES ('first')"
    )
    return tmp_path / "alembic.ini"
