"""What CI runs is what anybody runs: make's targets, on the versions that pyproject.toml names."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
import yaml

from tests.distributions.conftest import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
JOBS = WORKFLOW["jobs"]
MATRIX = JOBS["test"]["strategy"]["matrix"]["include"]


def commands() -> set[str]:
    """Return what the jobs run, the matrix filled in; what a runner lacks is installed before."""
    steps = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    steps = [step for step in steps if not step.startswith("sudo apt-get ")]
    return {step.replace("${{ matrix.make }}", entry["make"]) for step in steps for entry in MATRIX}


@pytest.mark.parametrize("command", sorted(commands()))
def test_each_step_is_a_target_of_make(command: str) -> None:
    program, target, *variables = command.split()
    assert program == "make"
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert target in phony.split()
    for name in (variable.partition("=")[0] for variable in variables):
        assert re.search(rf"^{name} \?=", makefile, re.MULTILINE)
    planned = subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True)
    assert planned.returncode == 0, planned.stderr


def test_the_tests_behind_a_pooler_run_where_make_is_not_root() -> None:
    """Without PgBouncer they would be skipped, and nobody would see it."""
    steps = [step for step in JOBS["test"]["steps"] if "run" in step]
    assert [step["run"].split()[0] for step in steps] == ["sudo", "make"]
    assert steps[0]["if"] == "runner.os == 'Linux'"
    assert "apt-get install" in steps[0]["run"]
    assert steps[0]["run"].endswith(" pgbouncer")


def test_each_version_that_we_name_is_tested() -> None:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    named = {found[1] for one in classifiers if (found := re.search(r":: Python :: (3\.\d+)$", one))}
    assert {entry["python"] for entry in MATRIX} == named
    servers = {int(entry["make"].partition("POSTGRES=")[2]) for entry in MATRIX if "POSTGRES=" in entry["make"]}
    assert servers == set(range(13, 18))
    assert {"test", "test-oldest", "test-newest", "test-newest SQLALCHEMY=2.0"} <= {entry["make"] for entry in MATRIX}
    assert any(entry.get("runner", "").startswith("macos") for entry in MATRIX)
