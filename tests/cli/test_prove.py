from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import Effort, MeasuredStatement, Proof, Timing
from pgwright.model.snapshot import Snapshot
from pgwright.model.trial import Trial
from pgwright.version import VERSION
from tests.cli.conftest import Run
from tests.support import samples
from tests.support.database import Database

TIMING = Timing(runs=7, median_ms=1.0, low_ms=0.9, high_ms=1.1, buffers=3)
SAME = Proof(
    server_version="18.6",
    planned_on=PlannedOn("18.6", True, "", "role alone"),
    pgwright_version=VERSION,
    revision="fix.sql",
    apply_seconds=0.1,
    row_counts={},
    planned=(),
    statements=(MeasuredStatement(1, "SELECT 1", 1, TIMING, TIMING, True, "same", Effort(1, 3), Effort(1, 3)),),
    operations=(),
    writes=(),
    bytes_before=1,
    bytes_after=1,
    not_examined=(),
)

OPERATIONS = """
from sqlalchemy import text
from pgwright.proof import Operation


def newest(engine):
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id FROM orders WHERE user_id = 7 ORDER BY placed_at DESC LIMIT 5"))
        return [row.id for row in rows]


OPERATIONS = [Operation("newest_orders", before=newest, after=newest)]
"""


def test_proves_a_revision_and_leaves_the_source_alone(run: Run, shop: Database, alembic: Path, tmp_path: Path) -> None:
    (tmp_path / "shop_operations.py").write_text(OPERATIONS)
    assert run("fix", shop.dsn, "--rev-id", "fix1").exit_code == 0
    result = run(
        "prove", shop.dsn, "--operations", "shop_operations:OPERATIONS", "--rounds", 45,
        "-o", tmp_path / "report.html", "--json", tmp_path / "proof.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "The fix helps" in result.stdout
    assert "newest_orders" in result.stdout
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    document = json.loads((tmp_path / "proof.json").read_text())
    assert document["operations"][0]["results_equal"] is True
    assert document["operations"][0]["ratio"] > 2
    assert shop.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'orders'") == [("orders_pkey",)]
    assert shop.rows("SELECT version_num FROM alembic_version") == [("first",)]


def test_an_app_that_keeps_its_revision_in_a_schema_is_at_it(run: Run, shop: Database, alembic: Path) -> None:
    """Its env.py says so, which is never run."""
    shop.execute("CREATE SCHEMA app; ALTER TABLE alembic_version SET SCHEMA app")
    assert run("fix", shop.dsn, "--rev-id", "fix1").exit_code == 0
    result = run("prove", shop.dsn, "--rounds", 3, "--format", "json")
    assert result.exit_code in (0, 1), result.output
    assert json.loads(result.stdout)["revision"] == "fix1", "and not the first one again"


def test_a_fix_that_does_not_help_exits_with_1_and_says_so(
    run: Run, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("fix.sql").write_text("")
    monkeypatch.setattr("pgwright.proof.prove.prove", lambda *arguments, **options: SAME)
    result = run("prove", shop.dsn, "--sql", "fix.sql")
    assert result.exit_code == 1
    assert "The fix does not help" in result.stdout


def test_a_fix_that_changes_results_exits_with_1_and_says_so(run: Run, shop: Database) -> None:
    """However much faster it is."""
    shop.rows("SELECT pg_stat_statements_reset()")
    shop.rows("SELECT id, note FROM orders WHERE user_id = 7")
    Path("fix.sql").write_text("CREATE INDEX ON orders (user_id); UPDATE orders SET note = 'y';\n")
    result = run("prove", shop.dsn, "--sql", "fix.sql", "--rounds", 3)
    assert result.exit_code == 1, result.output
    assert "Do not apply this fix: results differ for 1 statement." in result.stdout
    assert "The fix helps" not in result.stdout


def test_a_script_that_fails_says_what_the_server_said(run: Run, shop: Database, tmp_path: Path) -> None:
    (tmp_path / "fix.sql").write_text("CREATE INDEX ON nothing (email);\n")
    result = run("prove", shop.dsn, "--sql", "fix.sql")
    assert result.exit_code == 2
    assert 'relation "nothing" does not exist' in result.stderr


def test_database_that_has_the_fix_already_has_nothing_to_prove(run: Run, shop: Database, alembic: Path) -> None:
    result = run("prove", shop.dsn)
    assert result.exit_code == 2
    assert "nothing to prove" in result.stderr


def test_a_snapshot_file_gives_plans_and_no_times(run: Run, shop: Database, tmp_path: Path) -> None:
    shop.rows("SELECT * FROM orders WHERE user_id = 7 ORDER BY placed_at DESC LIMIT 3")
    run("snapshot", shop.dsn, "-o", tmp_path / "shop.json")
    (tmp_path / "fix.sql").write_text("CREATE INDEX orders_user ON orders (user_id, placed_at DESC);\n")
    result = run("prove", tmp_path / "shop.json", "--sql", tmp_path / "fix.sql")
    assert result.exit_code == 1, "planned is not proved"
    assert "nothing was measured" in " ".join(result.stdout.split())
    assert "Planned on the twin" in result.stdout


def test_script_and_revision_exclude_each_other(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fix.sql").write_text("")
    result = run("prove", "--sql", "fix.sql", "--to", "head")
    assert result.exit_code == 2


def test_operations_that_cannot_be_imported(run: Run, alembic: Path, tmp_path: Path) -> None:
    (tmp_path / "faulty_operations.py").write_text("1 / 0")
    for name, said in (
        ("nothing", "expected 'module:NAME'"),
        ("no_such_module:X", "cannot import 'no_such_module'"),
        ("faulty_operations:X", "ZeroDivisionError"),
        ("json:dumps", "expected a list of pgwright.proof.Operation"),
    ):
        result = run("prove", "host=nowhere.invalid", "--operations", name)
        assert result.exit_code == 2
        assert said in result.stderr


@pytest.mark.parametrize(("trial", "code"), [(samples.TRIAL, 0), (samples.NO_TRIAL, 1)], ids=["helps", "nothing"])
def test_settings_are_tried(run: Run, shop: Database, monkeypatch: pytest.MonkeyPatch, trial: Trial, code: int) -> None:
    asked: list[tuple[str, int]] = []

    def tried(snapshot: Snapshot, dsn: str, **options: Any) -> Trial:
        asked.append((snapshot.server.database, options["rounds"]))
        return trial

    monkeypatch.setattr("pgwright.proof.trial.try_settings", tried)
    result = run("prove", shop.dsn, "--settings", "--rounds", 5, "--format", "json")
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["kind"] == "trial"
    assert asked == [(shop.name, 5)]


@pytest.mark.parametrize(
    "other", [("--sql", "fix.sql"), ("--set", "jit=off"), ("--to", "head"), ("--operations", "shop:OPERATIONS")]
)
def test_settings_are_tried_alone(run: Run, tmp_path: Path, other: tuple[str, str]) -> None:
    (tmp_path / "fix.sql").write_text("")
    result = run("prove", "--settings", *other)
    assert result.exit_code == 2
    assert "--settings tries settings alone" in result.stderr


def test_settings_are_not_tried_on_a_snapshot(run: Run, shop: Database, tmp_path: Path) -> None:
    run("snapshot", shop.dsn, "-o", tmp_path / "shop.json")
    result = run("prove", tmp_path / "shop.json", "--settings")
    assert result.exit_code == 2
    assert "it holds no rows to measure settings on" in result.stderr
