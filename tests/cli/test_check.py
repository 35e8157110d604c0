from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Run
from tests.support.database import Database


def test_finds_the_missing_index_and_exits_with_1(run: Run, shop: Database) -> None:
    result = run("check", shop.dsn)
    assert result.exit_code == 1
    assert "missing-index  orders (user_id, placed_at)" in result.stdout
    assert "Scorecard" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_statements_that_cannot_be_planned_are_told(run: Run, shop: Database) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        connection.execute("CREATE FUNCTION gone() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'")
        connection.execute("SELECT note FROM orders WHERE id = gone()")
        connection.execute("DROP FUNCTION gone")
    result = run("check", shop.dsn, "--all")
    assert "missing-index of 1 of" in result.stdout
    assert "SELECT note FROM orders WHERE id = gone()" in " ".join(result.stdout.split())


def test_threshold_decides_the_exit_code(run: Run, database: Database) -> None:
    database.execute("CREATE TABLE events (at timestamptz)")  # no primary key: medium
    arguments = ("check", database.dsn, "--no-advice", "--format", "json")
    (severity,) = {
        finding["severity"]
        for finding in json.loads(run(*arguments).stdout)["findings"]
        if finding["check"] == "missing-primary-key"
    }
    assert severity == "medium"
    assert run(*arguments, "--severity", "low").exit_code == 1
    found = json.loads(run(*arguments).stdout)["summary"]
    assert run(*arguments, "--severity", "high").exit_code == (1 if found["high"] else 0)


def test_a_baseline_leaves_only_what_is_new(run: Run, database: Database) -> None:
    database.execute("CREATE TABLE events (at timestamptz)")
    arguments = ("check", database.dsn, "--no-advice", "--severity", "low")
    assert run(*arguments, "--write-baseline", "known.json").exit_code == 0
    for form in ("terminal", "markdown", "html", "json"):
        again = run(*arguments, "--baseline", "known.json", "--format", form)
        assert again.exit_code == 0
        assert "missing-primary-key:events" in again.stdout.replace("public.", "")
        assert form == "json" or "No new findings" in again.stdout
    database.execute("CREATE TABLE visits (at timestamptz)")
    new = json.loads(run(*arguments, "--baseline", "known.json", "--format", "json", "-o", "new.json").stdout or "{}")
    assert new == {}
    found = json.loads(Path("new.json").read_text())
    assert {one["object"].removeprefix("public.") for one in found["findings"]} == {"visits"}
    assert run(*arguments, "--baseline", "known.json").exit_code == 1


def test_empty_database_is_no_error(run: Run, database: Database) -> None:
    result = run("check", database.dsn, "--severity", "high", "--all")
    assert result.exit_code in (0, 1)
    assert "Traceback" not in result.output
    assert "internal error" not in result.output
    assert "there is no table to examine" in result.stdout
    assert "missing-index: " in result.stdout.partition("Not examined")[2]


def test_without_a_workload_the_advisor_says_why_it_did_not_look(run: Run, database: Database) -> None:
    database.execute("DROP EXTENSION pg_stat_statements; CREATE TABLE t (id int PRIMARY KEY)")
    document = json.loads(run("check", database.dsn, "--format", "json").stdout)
    (missing,) = [one for one in document["not_examined"] if "missing-index" in one["checks"]]
    assert "pg_stat_statements is not installed" in missing["reason"]
    assert "missing-index" not in document["checks_run"]


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_every_format_goes_to_standard_output(run: Run, shop: Database, form: str) -> None:
    result = run("check", shop.dsn, "--no-advice", "--format", form)
    assert result.exit_code == 1
    opening = {"json": "{", "markdown": "# pgwright check", "html": "<!doctype html>"}
    assert result.stdout.startswith(opening[form])


def test_output_file_says_its_format_by_its_name(run: Run, shop: Database, tmp_path: Path) -> None:
    result = run("check", shop.dsn, "--no-advice", "-o", tmp_path / "report.json")
    assert result.stdout == ""
    assert result.stderr == f"wrote {tmp_path / 'report.json'}\n"
    assert json.loads((tmp_path / "report.json").read_text())["kind"] == "diagnosis"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_output_into_a_folder_that_does_not_exist_fails_before_the_work(run: Run, tmp_path: Path) -> None:
    result = run("check", "host=nowhere.invalid", "-o", tmp_path / "no" / "report.json")
    assert result.exit_code == 2
    assert "there is no such directory" in result.stderr


def test_setting_in_pyproject_is_obeyed_and_a_flag_beats_it(run: Run, database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE events (at timestamptz)")
    (tmp_path / "pyproject.toml").write_text('[tool.pgwright]\nallow = ["missing-primary-key"]\nseverity = "info"\n')
    allowed = json.loads(run("check", database.dsn, "--no-advice", "--format", "json").stdout)["allowed"]
    assert allowed == ["missing-primary-key:events"]
    assert run("check", database.dsn, "--no-advice").exit_code == 1


def test_allowing_a_check_that_does_not_exist_names_the_nearest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pgwright]\nallow = ["missing-primry-key"]\n')
    result = run("check", "host=nowhere.invalid")
    assert result.exit_code == 2
    assert result.stderr == "pgwright: there is no check 'missing-primry-key'. Did you mean 'missing-primary-key'?\n"


def test_a_server_that_is_none_is_said_and_nothing_else(run: Run, shop: Database, tmp_path: Path) -> None:
    result = run("check", shop.dsn, "--server", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "where no PostgreSQL is; expected a folder with postgres and initdb" in result.stderr
