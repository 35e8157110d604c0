"""`--pgwright-strict`: a suite in which only new findings fail, in pytest runs of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgwright.embedded import EmbeddedServer

pytest_plugins = ["pytester"]

APP = """
from sqlalchemy import text

def names(connection, times=3):
    for n in range(times):
        connection.execute(text("SELECT :n"), {"n": n})

def others(connection):
    for n in range(3):
        connection.execute(text("SELECT 'other', :n"), {"n": n})
"""
TESTS = """
import app

def test_repeats(connection):
    app.names(connection)

def test_repeats_again(connection):
    app.names(connection, times=5)

def test_is_fine(connection):
    app.names(connection, times=1)

def test_own_loop(connection):
    for _ in range(4):
        connection.exec_driver_sql("SELECT 1")
"""


@pytest.fixture
def run(pytester: pytest.Pytester, server: EmbeddedServer) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n")
    pytester.makeconftest(
        f"""
        import pytest
        from sqlalchemy import create_engine

        @pytest.fixture
        def connection():
            engine = create_engine({server.url("postgres", "psycopg")!r})
            with engine.connect() as connection:
                yield connection
            engine.dispose()
        """
    )
    pytester.makepyfile(app=APP, test_app=TESTS)
    return pytester


def outcomes(run: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return run.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def baseline(run: pytest.Pytester) -> list[str]:
    document: dict[str, Any] = json.loads((run.path / "pgwright-queries.json").read_text())
    return [known["key"] for known in document["findings"]]


def test_nothing_is_watched_without_the_option(run: pytest.Pytester) -> None:
    outcomes(run).assert_outcomes(passed=4)


def test_what_the_app_repeats_fails_and_what_the_test_repeats_does_not(run: pytest.Pytester) -> None:
    result = outcomes(run, "--pgwright-strict")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*1 new query finding(s)*", "*the same statement 3 times at *app.py:5 in names*"])
    result.stdout.fnmatch_lines(["1 query finding(s), 1 new, 0 known not seen"])


def test_known_findings_pass_and_new_ones_fail(run: pytest.Pytester) -> None:
    outcomes(run, "--pgwright-update").assert_outcomes(passed=4)
    (known,) = baseline(run)
    assert known.startswith("repeated statement | ")
    assert known.endswith(" | app.py | names")
    # Lines may move.
    run.makepyfile(app="# a comment\n" + APP)
    outcomes(run, "--pgwright-strict").assert_outcomes(passed=4)
    run.makepyfile(test_app=TESTS + "\ndef test_new(connection):\n    app.others(connection)\n")
    result = outcomes(run, "--pgwright-strict")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["2 query finding(s), 1 new, 0 known not seen"])
    run.makepyfile(test_app="def test_nothing():\n    pass\n")
    outcomes(run, "--pgwright-strict").stdout.fnmatch_lines(["0 query finding(s), 0 new, 1 known not seen"])


def test_the_findings_are_written_as_sarif(run: pytest.Pytester) -> None:
    outcomes(run, "--pgwright-update")
    run.makepyfile(test_app=TESTS + "\ndef test_new(connection):\n    app.others(connection)\n")
    outcomes(run, "--pgwright-strict", "--pgwright-sarif=queries.sarif")
    (log,) = json.loads((run.path / "queries.sarif").read_text())["runs"]
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == ["repeated-statement"]
    assert [result["baselineState"] for result in log["results"]] == ["unchanged", "new"]
    place = log["results"][0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("app.py", 5)


def test_the_findings_of_workers_come_together(run: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    run.makepyfile(test_other="import app\n\ndef test_others(connection):\n    app.others(connection)\n")
    result = outcomes(run, "-n2", "--pgwright-update")
    result.assert_outcomes(passed=5)
    assert [known.rpartition(" ")[2] for known in baseline(run)] in (["names", "others"], ["others", "names"])


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [1]}'])
def test_a_damaged_baseline_is_a_usage_error(run: pytest.Pytester, text: str) -> None:
    (run.path / "pgwright-queries.json").write_text(text)
    result = outcomes(run, "--pgwright-strict")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is no baseline of the guard*--pgwright-update*"])


def test_a_baseline_without_the_switch_is_a_usage_error(run: pytest.Pytester) -> None:
    result = outcomes(run, "--pgwright-baseline=other.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*go with --pgwright-strict*"])
