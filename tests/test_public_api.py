"""`import pgwright`: cheap, complete, and as its page says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from inspect import isfunction
from pathlib import Path

import psycopg
import pytest

import pgwright
from pgwright.cli.commands import NAMES
from tests.support.database import Database

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
VERBS = ("take_snapshot", "check", "advise", "fix", "prove", "plan", "probe_app")
SHOP = """
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, placed_at timestamptz NOT NULL);
INSERT INTO users SELECT generate_series(1, 1000);
INSERT INTO orders SELECT n, 1 + n % 1000, TIMESTAMPTZ '2026-01-01' + n * INTERVAL '1 minute'
    FROM generate_series(1, 30000) AS n;
ANALYZE; SELECT pg_stat_statements_reset()
"""


def test_every_public_name_is_there_and_every_verb_tells_arguments_result_and_errors() -> None:
    for name in pgwright.__all__:
        assert getattr(pgwright, name) is not None
    for verb in VERBS:
        function = getattr(pgwright, verb)
        assert isfunction(function)
        assert re.search(r"Args:.*Returns: .*Raises: ", function.__doc__ or "", re.DOTALL), verb
        assert f"| `{verb}(" in PAGE
    # `explain` prints a manual, which is `Check.manual`.
    assert len(VERBS) == len(NAMES) - 1


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        pgwright.chek  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_is_that_of_the_distribution() -> None:
    assert pgwright.__version__ == version("pgwright")


def test_the_import_loads_nothing_before_it_is_used() -> None:
    code = "import sys, pgwright; print([name for name in sys.modules if name.startswith('pgwright.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_verbs_are_functions_whatever_was_imported_before() -> None:
    """The folders of the sources have names too: importing one must not hide a verb."""
    code = (
        "import pgwright, pgwright.probe, pgwright.snapshot, pgwright.pipeline.check, pgwright.cli.check; "
        f"print([callable(getattr(pgwright, verb)) for verb in {VERBS}])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str([True] * len(VERBS))


def test_the_example_of_the_page_runs(database: Database) -> None:
    database.execute(SHOP)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for user in range(40):
            connection.execute("SELECT id FROM orders WHERE user_id = %s ORDER BY placed_at DESC LIMIT 5", (user,))
    (code,) = re.findall(r"<!-- begin example -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    environment = {"DATABASE_URL": database.dsn, "PGWRIGHT_CACHE": "off", "PATH": ""}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert "high missing-index:orders (user_id, placed_at)" in lines
    assert any(line.startswith("CREATE INDEX CONCURRENTLY ix_orders_user_id_placed_at") for line in lines)
    assert "# " in ran.stdout
    assert float(lines[-1]) < 0.5
