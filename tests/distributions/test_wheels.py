"""What the two distributions hold, and what their metadata names."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests.distributions.conftest import ROOT, clean

pytestmark = pytest.mark.xdist_group("distributions")
VERSIONS = [
    tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"] for folder in (ROOT, ROOT / "runtime")
]


def build(project: Path, kind: str, target: Path, **environment: str) -> Path:
    """Build a wheel or an sdist with the project's own backend, as a release does."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    built = subprocess.run(command, cwd=project, env=clean(**environment), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = target.iterdir()
    return found


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def runtime_requirement(wheel: Path) -> str:
    named = metadata(wheel).get_all("Requires-Dist") or []
    (found,) = (one for one in named if one.startswith("pgwright-runtime"))
    return found


@pytest.fixture(scope="module")
def wheels(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tool's wheel and the runtime's, of a release."""
    tool = build(checkout, "wheel", tmp_path_factory.mktemp("tool"), PGWRIGHT_BY_NAME="1")
    return tool, build(checkout / "runtime", "wheel", tmp_path_factory.mktemp("runtime"))


def test_each_holds_its_package_whole_and_no_tests(wheels: tuple[Path, Path], checkout: Path) -> None:
    for wheel, source in zip(wheels, (checkout / "src", checkout / "runtime" / "src"), strict=True):
        held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        assert held == {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        assert any(name.endswith("/py.typed") for name in held)
        assert not [name for name in held if name.rpartition("/")[2].startswith(("test_", "conftest"))]


def test_the_queries_are_in_the_tools_wheel(wheels: tuple[Path, Path]) -> None:
    assert "pgwright/snapshot/sql/tables.sql" in zipfile.ZipFile(wheels[0]).namelist()


def test_no_file_is_in_both(wheels: tuple[Path, Path]) -> None:
    tool, runtime = (set(zipfile.ZipFile(wheel).namelist()) for wheel in wheels)
    assert tool & runtime == set()


def test_a_release_names_the_runtime_by_version(wheels: tuple[Path, Path]) -> None:
    assert runtime_requirement(wheels[0]) == f"pgwright-runtime>={VERSIONS[0]}"
    assert metadata(wheels[1])["Name"] == "pgwright-runtime"


def test_both_have_one_version_that_the_changelog_does_not_have_as_finished() -> None:
    assert VERSIONS[0] == VERSIONS[1]
    newest = (ROOT / "CHANGELOG.md").read_text().partition("\n## [")[2].partition("]")[0]
    assert VERSIONS[0].endswith(".dev0") == (newest == "Unreleased")


def test_a_checkout_names_the_folder_beside(checkout: Path, tmp_path: Path) -> None:
    wheel = build(checkout, "wheel", tmp_path)
    assert runtime_requirement(wheel) == f"pgwright-runtime @ {(checkout / 'runtime').as_uri()}"


def test_an_sdist_of_the_tool_builds_the_same_wheel(checkout: Path, wheels: tuple[Path, Path], tmp_path: Path) -> None:
    for folder in ("sdist", "source", "wheel"):
        (tmp_path / folder).mkdir()
    with tarfile.open(build(checkout, "sdist", tmp_path / "sdist", PGWRIGHT_BY_NAME="1")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert not (source / "runtime").exists()
    wheel = build(source, "wheel", tmp_path / "wheel")
    assert runtime_requirement(wheel) == f"pgwright-runtime>={VERSIONS[0]}"
    assert zipfile.ZipFile(wheel).namelist() == zipfile.ZipFile(wheels[0]).namelist()
