"""Both distributions, built from a clean checkout and installed as a user would, each in an environment of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment of a user's."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, outside the checkout."""
        program, *arguments = command
        run = [self.folder / "bin" / program, *arguments]
        return subprocess.run(run, cwd=self.folder, env=clean(), capture_output=True, text=True, check=False)

    def install(self, *what: str | Path) -> None:
        installed = self.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
        assert installed.returncode == 0, installed.stderr

    def packages(self) -> set[str]:
        """Return the names of the installed distributions, pip's own left out."""
        program = "from importlib.metadata import distributions; print(*(one.name.lower() for one in distributions()))"
        return set(self.run("python", "-c", program).stdout.split()) - {"pip", "setuptools"}

    def megabytes(self) -> float:
        """Return what it takes on disk, pip left out."""
        own = [path for path in self.site_packages.rglob("*") if path.is_file() and not path.is_symlink()]
        ours = [path for path in own if not path.relative_to(self.site_packages).parts[0].startswith(("pip", "setupt"))]
        return sum(path.stat().st_size for path in ours) / 1e6


def clean(**more: str) -> Mapping[str, str]:
    """Return this process's environment, less what would lead Python elsewhere or change the build."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PGWRIGHT", "VIRTUAL"))}
    return {**kept, **more}


def skip_or_fail(reason: str) -> None:
    """Skip a test for lack of the package index; in CI, where it is to be had, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git knows, as they are now, and nothing else."""
    target = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture(scope="session")
def index() -> None:
    """The package index, without which nothing can be installed."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "hatchling", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        skip_or_fail(f"no package index can be reached: {answer.stderr.strip()}")


def _environment(name: str, project: Path, factory: pytest.TempPathFactory) -> Environment:
    """Install a project into an environment that all workers of this run share: the first one makes it."""
    base = factory.getbasetemp()
    made = Environment((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"environment-{name}")
    made.folder.mkdir(exist_ok=True)
    with (made.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made.folder / "done").exists():
            venv.create(made.folder, with_pip=True, symlinks=True)
            made.install(project)
            (made.folder / "done").touch()
    return made


@pytest.fixture(scope="session")
def runtime_environment(checkout: Path, index: None, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What an app's web image gets: `pip install ./runtime`."""
    return _environment("runtime", checkout / "runtime", tmp_path_factory)


@pytest.fixture(scope="session")
def tool_environment(checkout: Path, index: None, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What a developer gets: `pip install .`."""
    return _environment("tool", checkout, tmp_path_factory)
