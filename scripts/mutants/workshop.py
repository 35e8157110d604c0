"""A copy of the project that can be spoiled, and pytest run in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# Where packages lie, of those that there are.
_SOURCE_FOLDERS = ("src", "runtime/src")
_PYTEST_NO_TESTS = 5
# By CPU time, which a busy machine does not change; by the clock only for what waits for ever.
_LIMITED = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""
_OUT_OF_TIME = {-signal.SIGXCPU, -signal.SIGKILL}
_CLOCK = 4
# From where the recording plugin is imported when the project has none.
_TOOL = Path(__file__).resolve().parents[2]


@dataclass
class Workshop:
    """A copy of the tracked and the new files, with a temporary folder of its own."""

    home: Path
    _running: set[subprocess.Popen[str]] = field(default_factory=set)

    @property
    def tree(self) -> Path:
        return self.home / "tree"

    @contextmanager
    def changed(self, path: str, data: bytes) -> Iterator[None]:
        """Put other contents into a file for a while."""
        file = self.tree / path
        own = file.read_bytes()
        file.write_bytes(data)
        try:
            yield
        finally:
            file.write_bytes(own)

    def pytest(self, arguments: Sequence[str], seconds: float, variables: Mapping[str, str] | None = None) -> Run:
        """Run pytest in the copy, for so many seconds of CPU time at most. Its temporary files are deleted."""
        scratch = self.home / "t"
        scratch.mkdir(mode=0o755)
        folders = [str(self.tree), *(str(self.tree / folder) for folder in _SOURCE_FOLDERS), str(_TOOL)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(folders),
            "TMPDIR": str(scratch),
            **(variables or {}),
        }
        command = [
            sys.executable,
            "-c",
            _LIMITED.format(seconds=round(seconds)),
            "-q",
            "-p",
            "no:cacheprovider",
            *arguments,
        ]
        process = subprocess.Popen(
            command, cwd=self.tree, env=environment, text=True, errors="replace", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._running.add(process)
        try:
            said, _ = process.communicate(timeout=_CLOCK * seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            said, _ = process.communicate()
            return Run(None, said)
        finally:
            self._running.discard(process)
            shutil.rmtree(scratch, ignore_errors=True)
        if process.returncode == _PYTEST_NO_TESTS:
            raise RuntimeError(f"pytest found none of {list(arguments)}")
        return Run(None if process.returncode in _OUT_OF_TIME else process.returncode, said)

    def stop(self) -> None:
        """Kill what runs. The servers that it started end with it."""
        for process in tuple(self._running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Run:
    """How pytest ended."""

    code: int | None
    """None: it took too long and was killed."""
    output: str


@contextmanager
def workshops(root: Path, number: int) -> Iterator[list[Workshop]]:
    """Copy the project so many times; the copies are deleted afterwards."""
    # The name is short, for a Unix socket has at most 107 characters; open, for servers run as another user.
    home = Path(tempfile.mkdtemp(prefix="m"))
    home.chmod(0o755)
    made = [Workshop(home / str(one)) for one in range(number)]
    try:
        for workshop in made:
            _copy(root, workshop.tree)
        yield made
    finally:
        for workshop in made:
            workshop.stop()
        shutil.rmtree(home, ignore_errors=True)


def project_files(root: Path) -> list[str]:
    """Return the tracked files and the new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(path for path in listed.stdout.split("\0") if path and (root / path).is_file())


def _copy(root: Path, tree: Path) -> None:
    for path in project_files(root):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, tree / path)
    # By content, so that a mutant of the same size in the same second is not taken for the original.
    folders = [tree / folder for folder in _SOURCE_FOLDERS if (tree / folder).exists()]
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *map(str, folders)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
