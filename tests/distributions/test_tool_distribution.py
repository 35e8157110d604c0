"""What a developer installs: the tool, which brings the runtime and a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.distributions.conftest import Environment
from tests.support.database import Database

pytestmark = pytest.mark.xdist_group("distributions")

# Stated in README.md, under Install.
STATED_MEGABYTES = 220


def test_it_runs_and_brings_the_runtime(tool_environment: Environment) -> None:
    said = tool_environment.run("pgwright", "--version")
    assert said.stdout.startswith("pgwright 0."), said.stderr
    assert {"pgwright", "pgwright-runtime"} <= tool_environment.packages()


def test_it_takes_what_the_readme_says(tool_environment: Environment) -> None:
    assert tool_environment.megabytes() == pytest.approx(STATED_MEGABYTES, rel=0.2)


def test_it_works_on_a_real_server(tool_environment: Environment, database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    said = tool_environment.run("pgwright", "check", database.dsn, "--no-advice", "--severity", "low")
    assert said.returncode == 1, said.stderr
    assert "missing-primary-key" in said.stdout


def test_both_can_be_named_in_one_command(tool_environment: Environment, checkout: Path) -> None:
    """Pip refuses one project under two addresses; here they are one."""
    tool_environment.install("--no-deps", "--dry-run", checkout / "runtime", checkout)
    tool_environment.install("--dry-run", checkout / "runtime", checkout)
