"""`pgwright probe` by the command line: reports, baseline, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.probe.shop_app import SCHEMA
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database

ROOT = Path(__file__).parents[2]
KEY = "n-plus-one:GET /orders: Order.items"
# Of sarif-schema-2.1.0: what each object must have, and the words that it may use.
LEVELS = {"none", "note", "warning", "error"}


@pytest.fixture
def app(database: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The arguments that probe two endpoints of the shop's app."""
    database.execute(SCHEMA)
    monkeypatch.setenv("DATABASE_URL", database.url("psycopg"))
    return ("tests.probe.shop_app:create_sync", "--factory", "--app-dir", str(ROOT), "--only", "/orders*")


def test_the_calls_and_the_findings_are_printed_and_the_exit_code_is_1(run: Run, app: tuple[str, ...]) -> None:
    result = run("probe", *app)
    assert result.exit_code == 1, result.output
    assert re.search(r"GET /orders +limit=3 +4 +3 +33 ", result.stdout)
    assert re.search(r"limit=30 +31 +30 +330 ", result.stdout)
    assert "HIGH    n-plus-one  GET /orders: Order.items  [certain]" in result.stdout
    assert "→ Add selectinload(Order.items) to the query of Order." in result.stdout


def test_a_clean_app_exits_with_0(run: Run, app: tuple[str, ...]) -> None:
    result = run("probe", *app, "--skip", "/orders")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "No findings; 1 endpoint called." in result.stdout


def test_findings_below_the_severity_do_not_fail(run: Run, app: tuple[str, ...]) -> None:
    (Path.cwd() / "pyproject.toml").write_text(f'[tool.pgwright]\nallow = ["{KEY}"]\n')
    result = run("probe", *app)
    assert result.exit_code == 0
    assert f"- {KEY}" in result.stdout


def test_json_has_calls_and_findings_with_their_place(run: Run, app: tuple[str, ...]) -> None:
    told = json.loads(run("probe", *app, "--format", "json").stdout)
    assert (told["kind"], told["format"], told["app"]) == ("probe", 1, app[0])
    slow = next(one for one in told["endpoints"] if one["name"] == "GET /orders")
    assert (slow["growth"], [call["queries"] for call in slow["calls"]]) == (27, [4, 31])
    assert [finding["key"] for finding in told["findings"]] == [KEY]
    assert told["findings"][0]["place"]["file"].endswith("shop_app.py")


@pytest.mark.parametrize("name", ["probe.md", "probe.html"])
def test_documents_name_endpoint_and_finding(run: Run, app: tuple[str, ...], name: str) -> None:
    assert run("probe", *app, "-o", name).exit_code == 1
    text = Path(name).read_text()
    assert "GET /orders-fixed" in text
    assert "selectinload(Order.items)" in text.replace("\\", "")


def test_sarif_has_what_the_schema_requires(run: Run, app: tuple[str, ...]) -> None:
    assert run("probe", *app, "-o", "probe.sarif").exit_code == 1
    log = json.loads(Path("probe.sarif").read_text())
    assert log["version"] == "2.1.0"
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] == "pgwright"
    assert [rule["id"] for rule in driver["rules"]] == ["n-plus-one"]
    assert all(isinstance(one["executionSuccessful"], bool) for one in run_["invocations"])
    assert all(one["message"]["text"] for one in run_["invocations"][0]["toolExecutionNotifications"])
    (result,) = run_["results"]
    assert result["message"]["text"].startswith("GET /orders: Order.items: Its queries grow")
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in LEVELS
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("shop_app.py")
    assert location["physicalLocation"]["region"]["startLine"] >= 1
    assert result["partialFingerprints"] == {"pgwright/v1": KEY}


def test_check_gives_sarif_too(run: Run, shop: Database) -> None:
    result = run("check", shop.dsn, "--no-advice", "--format", "sarif")
    assert result.exit_code == 1
    (run_,) = json.loads(result.stdout)["runs"]
    assert "unindexed-foreign-key" in {one["ruleId"] for one in run_["results"]}


def test_what_holds_no_findings_has_no_sarif(run: Run, shop: Database) -> None:
    result = run("plan", "SELECT 1", shop.dsn, "-o", "plan.sarif")
    assert result.exit_code == 2
    assert "there is no SARIF of a plan" in result.stderr


def test_a_baseline_sets_known_findings_aside(run: Run, app: tuple[str, ...]) -> None:
    assert run("probe", *app, "--write-baseline", "known.json").exit_code == 0
    assert json.loads(Path("known.json").read_text())["findings"] == [KEY]
    again = run("probe", *app, "--baseline", "known.json")
    assert again.exit_code == 0
    assert "No new findings" in again.stdout
    assert KEY in again.stdout
    Path("known.json").write_text('{"kind": "baseline", "format": 1, "findings": ["n-plus-one:GET /gone"]}')
    assert run("probe", *app, "--baseline", "known.json").exit_code == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "baseline", "format": 2, "findings": []}'])
def test_a_file_that_is_no_baseline_is_refused(run: Run, app: tuple[str, ...], text: str) -> None:
    Path("known.json").write_text(text)
    result = run("probe", *app, "--baseline", "known.json")
    assert (result.exit_code, "baseline" in result.stderr) == (2, True)


def test_nothing_examined_could_not_run(run: Run, app: tuple[str, ...]) -> None:
    result = run("probe", *app[:4], "--only", "/private")
    assert result.exit_code == 2
    assert "it answers 401 Unauthorized" in result.stdout
    assert "no endpoint could be examined" in result.stderr


@pytest.mark.parametrize("option", ["--header", "--cookie", "--param"])
def test_a_pair_without_a_sign_is_refused_and_not_repeated(run: Run, app: tuple[str, ...], option: str) -> None:
    result = run("probe", *app, option, "s3cret")
    assert result.exit_code == 2
    assert "is no NAME=VALUE" in result.stderr
    assert "s3cret" not in result.output


def test_an_import_that_fails_is_one_line(run: Run, app: tuple[str, ...]) -> None:
    result = run("probe", "nowhere.at_all:app")
    assert result.exit_code == 2
    assert result.stderr.startswith("pgwright: cannot probe 'nowhere.at_all:app': the import failed")
    assert "--app-dir" in result.stderr


def test_an_interrupted_probe_shuts_the_app_down(app: tuple[str, ...], database: Database, tmp_path: Path) -> None:
    command = [*INTERRUPTIBLE, "probe", *app[:4], "--only", "/stream", "--timeout", "600s"]
    environment = {**os.environ, "SHOP_TRACE": str(tmp_path / "trace"), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as ran:
        deadline = time.monotonic() + 180
        while not (tmp_path / "trace").exists():
            assert time.monotonic() < deadline
            assert ran.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        ran.send_signal(signal.SIGINT)
        try:
            _, said = ran.communicate(timeout=180)
        finally:
            ran.kill()
    assert ran.returncode == 130
    assert "Traceback" not in said
    assert (tmp_path / "trace").read_text() == "started stopped"
