"""`import pgwright`: cheap, complete, and as its page says."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import subprocess
import sys
from importlib.metadata import version
from inspect import isfunction
from pathlib import Path
from typing import Any

import psycopg
import pytest

import pgwright
from pgwright.cli.commands import NAMES
from pgwright.errors import ConfigError, ProbeError
from tests.support.builders import make_foreign_key, make_server, make_snapshot, make_table
from tests.support.database import Database

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
VERBS = ("take_snapshot", "check", "advise", "fix", "pull_request", "prove", "plan", "probe_app")
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
    # `explain` prints a manual, which is `Check.manual`; what writes is a function of the runtime, or only a command.
    others = {"explain", "migrations", "migrate", "deploy", "backfill", "retain", "erase"}
    assert len(VERBS) == len(set(NAMES) - others)


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
    # How severe it is hangs on how long the database was observed.
    assert any(line.endswith(" missing-index:orders (user_id, placed_at)") for line in lines)
    assert any(line.startswith("CREATE INDEX CONCURRENTLY ix_orders_user_id_placed_at") for line in lines)
    assert "# " in ran.stdout
    assert float(lines[-1]) < 0.5


def test_paths_may_be_texts(tmp_path: Path) -> None:
    path = f"{tmp_path}/shop.json.gz"
    pgwright.save_snapshot(make_snapshot(), path)
    assert pgwright.load_snapshot(path) == make_snapshot()


def test_a_format_that_is_none_is_refused() -> None:
    fix = pgwright.fix(make_snapshot(), ())
    with pytest.raises(ConfigError, match="there is no format 'xml'; known: terminal, json"):
        pgwright.render(fix, "xml")  # type: ignore[arg-type]


def test_fix_takes_a_diagnosis_or_its_findings() -> None:
    snapshot = make_snapshot(
        make_table("users", "id bigint", rows=200_000, primary_key=("id",)),
        make_table("login", "user_id bigint", rows=200_000),
        make_foreign_key("login", "user_id", "users"),
    )
    diagnosis = pgwright.check(snapshot, with_advice=False)
    fix = pgwright.fix(snapshot, diagnosis)
    assert fix.remedies == pgwright.fix(snapshot, diagnosis.findings).remedies
    assert fix.remedies
    assert fix.not_examined == diagnosis.not_examined


@pytest.mark.parametrize("as_given", [str, Path])
def test_revisions_take_the_path_of_their_directory(tmp_path: Path, as_given: type[str] | type[Path]) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "versions" / "a1.py").write_text("revision = 'a1'\ndown_revision = None\n")
    at_head = make_snapshot(server=make_server(alembic_revisions=("a1",)))
    with pytest.raises(pgwright.PgwrightError, match="is at a1 already"):
        pgwright.prove(at_head, pgwright.Revisions(as_given(tmp_path / "alembic.ini")))


@pytest.mark.parametrize("name", ["allow", "soft_delete_columns", "expiry_columns", "unique_among_living", "cascade"])
def test_a_text_where_a_policy_expects_several_is_refused(name: str) -> None:
    options: dict[str, Any] = {name: "unused-index"}
    with pytest.raises(ConfigError, match=re.escape(f"{name!r} of the policy is 'unused-index'; expected a tuple")):
        pgwright.Policy(**options)


def test_a_policy_that_allows_what_is_no_check_is_refused() -> None:
    policy = pgwright.Policy(allow=("unused-indx",))
    with pytest.raises(ConfigError, match=r"no check 'unused-indx'\. Did you mean 'unused-index'"):
        pgwright.check(make_snapshot(), policy=policy)
    with pytest.raises(ConfigError, match=r"no check 'unused-indx'\. Did you mean 'unused-index'"):
        pgwright.probe_app(pgwright.ProbeRequest("no_such_app:app", policy=policy))


async def test_where_an_event_loop_runs_a_probe_says_what_to_do() -> None:
    request = pgwright.ProbeRequest("no_such_app:app")
    with pytest.raises(ProbeError, match=r"an event loop runs in this thread.*asyncio\.to_thread"):
        pgwright.probe_app(request)
    diagnosis = pgwright.check(make_snapshot(), with_advice=False, app=request)
    (told,) = [entry for entry in diagnosis.not_examined if "n-plus-one" in entry.checks]
    assert "an event loop runs" in told.reason
    with pytest.raises(ProbeError, match="no_such_app"):
        await asyncio.to_thread(pgwright.probe_app, request)


def test_fix_leaves_out_what_is_only_possible_and_says_so() -> None:
    snapshot = make_snapshot(
        make_table("users", "id bigint", rows=200_000, primary_key=("id",)),
        make_table("login", "user_id bigint", rows=200_000),
        make_foreign_key("login", "user_id", "users"),
    )
    (found,) = (one for one in pgwright.check(snapshot, with_advice=False).findings if one.changes)
    doubtful = dataclasses.replace(found, confidence="possible")
    fix = pgwright.fix(snapshot, [doubtful])
    assert fix.remedies == ()
    assert [(entry.what, entry.reason) for entry in fix.refused] == [(found.key, "the finding is only possible")]
    assert fix.refused[0].remedy == f"when you are sure: pgwright fix --only '{found.key}'"
    assert pgwright.fix(snapshot, [doubtful], with_possible=True) == pgwright.fix(snapshot, [found])
