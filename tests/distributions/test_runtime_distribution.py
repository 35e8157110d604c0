"""What a user's app installs: SQLAlchemy and us, anywhere, and nothing of the tool."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

from tests.distributions.conftest import ROOT, Environment, clean
from tests.support.database import Database

pytestmark = pytest.mark.xdist_group("distributions")

MOST_MEGABYTES = 40
_WALK = """
import importlib, pkgutil, pgwright_runtime
for found in pkgutil.walk_packages(pgwright_runtime.__path__, "pgwright_runtime."):
    try:
        importlib.import_module(found.name)
        print(found.name, "ok", sep="|")
    except ImportError as error:
        print(found.name, error.name, error, sep="|")
"""
# The app's own choice, or pytest's: whoever imports these has them, or is told the name of what is missing.
_OPTIONAL = {"alembic", "celery", "fastapi", "kombu", "prometheus_client", "pytest"}
_USE = """
import sys
from sqlalchemy import text
from pgwright_runtime import create_engine
engine = create_engine(sys.argv[1])
with engine.connect() as connection:
    print(connection.scalar(text("SELECT 6 * 7")), connection.scalar(text("SHOW statement_timeout")))
"""


def test_it_needs_sqlalchemy_alone(runtime_environment: Environment) -> None:
    assert runtime_environment.packages() == {"pgwright-runtime", "sqlalchemy", "greenlet", "typing_extensions"}


def test_a_web_image_grows_by_40_mb_at_most(runtime_environment: Environment) -> None:
    assert 5 < runtime_environment.megabytes() < MOST_MEGABYTES


def test_every_module_can_be_imported_or_names_the_extra_that_it_needs(runtime_environment: Environment) -> None:
    walked = runtime_environment.run("python", "-W", "error", "-c", _WALK)
    assert walked.returncode == 0, walked.stderr
    told = [line.split("|") for line in walked.stdout.splitlines()]
    failed = {name: (missing, message) for name, *rest in told if rest != ["ok"] for missing, message in [rest]}
    assert len(told) > 150
    assert len(failed) < len(told) / 5
    # `from None` or not, an error of our own has no name, and says what to install.
    for name, (missing, message) in failed.items():
        assert missing in _OPTIONAL or "pip install 'pgwright-runtime[" in message, name
    assert "pip install 'pgwright-runtime[alembic]'" in failed["pgwright_runtime.tenancy.alembic"][1]


def test_it_works_on_a_real_server_without_the_tool(
    runtime_environment: Environment, database: Database, tmp_path: Path
) -> None:
    """With a driver beside, which is the app's own choice."""
    driver = tmp_path / "driver"
    runtime_environment.install("--target", driver, "psycopg[binary]")
    program = f"import sys; sys.path.append({str(driver)!r})\n{_USE}"
    answer = runtime_environment.run("python", "-c", program, database.url("psycopg"))
    assert answer.stdout.split()[:1] == ["42"], answer.stderr
    assert answer.stdout.split()[1] != "0"


PLATFORMS = [("musllinux_1_2_x86_64", "3.11"), ("musllinux_1_2_aarch64", "3.14"), ("win_amd64", "3.13")]


@pytest.mark.parametrize(("platform", "python"), PLATFORMS)
def test_its_dependencies_have_wheels_on_other_platforms(index: None, platform: str, python: str) -> None:
    project = tomllib.loads((ROOT / "runtime" / "pyproject.toml").read_text())["project"]
    assert_resolves(project["dependencies"], python, platform)


TOOL_PLATFORMS = [
    pytest.param(python, platforms, id=f"{platforms[0]} {python}")
    for python in ("3.11", "3.14")
    for platforms in (
        ["macosx_14_0_arm64"],
        ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
        ["manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
    )
]


@pytest.mark.parametrize(("python", "platforms"), TOOL_PLATFORMS)
def test_the_tools_dependencies_have_wheels_where_we_say_so(index: None, python: str, platforms: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert_resolves(project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["dependencies"], python, *platforms)


def assert_resolves(requirements: list[str], python: str, *platforms: str) -> None:
    """Let pip find a wheel for each requirement, and for what those require; nothing is installed."""
    with tempfile.TemporaryDirectory() as nowhere:
        asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", f"--target={nowhere}"]
        asked += ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", f"--python-version={python}"]
        asked += [f"--platform={platform}" for platform in platforms]
        answer = subprocess.run([*asked, *requirements], env=clean(), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
