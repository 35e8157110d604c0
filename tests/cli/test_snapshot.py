from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.support.database import Database


def test_file_gives_the_same_findings_as_the_database(run: Run, shop: Database, tmp_path: Path) -> None:
    path = tmp_path / "shop.json.gz"
    written = run("snapshot", shop.dsn, "-o", path)
    assert written.exit_code == 0
    assert "It holds no rows, but sample values of columns." in written.stderr
    live = json.loads(run("check", shop.dsn, "--format", "json", "--no-advice").stdout)
    saved = json.loads(run("check", path, "--format", "json", "--no-advice").stdout)
    assert [finding["key"] for finding in saved["findings"]] == [finding["key"] for finding in live["findings"]]


def test_no_values_leaves_the_sample_values_out(run: Run, shop: Database, tmp_path: Path) -> None:
    run("snapshot", shop.dsn, "-o", tmp_path / "with.json")
    result = run("snapshot", shop.dsn, "-o", tmp_path / "without.json", "--no-values")
    assert "@shop.test" in (tmp_path / "with.json").read_text()
    assert "@shop.test" not in (tmp_path / "without.json").read_text()
    assert "not examined: sample values of pg_stats" in result.stderr


def test_advise_works_from_a_file(run: Run, shop: Database, tmp_path: Path) -> None:
    run("snapshot", shop.dsn, "-o", tmp_path / "shop.json")
    result = run("advise", tmp_path / "shop.json", "--budget", "50%", "--format", "json")
    assert result.exit_code == 0
    advice = json.loads(result.stdout)
    assert advice["budget_bytes"] > 0
    assert "(user_id, placed_at)" in advice["indexes"][0]["sql"]


def test_advise_without_a_workload_says_what_is_lacking(run: Run, database: Database) -> None:
    database.execute("DROP EXTENSION pg_stat_statements; CREATE TABLE t (id int PRIMARY KEY)")
    result = run("advise", database.dsn)
    assert result.exit_code == 2
    assert "no advice: pg_stat_statements is not installed" in result.stderr


def test_output_is_required(run: Run) -> None:
    assert run("snapshot", "host=nowhere.invalid").exit_code == 2
