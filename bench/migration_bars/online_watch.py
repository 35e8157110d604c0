"""The processes of the app, started and ended around the series, and what their sessions wait for on the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psycopg

_EVERY_S = 0.005
# When the wait began, the server notes itself; so a wait is seen whole but for what is left after the last look.
_WAITS = """
    SELECT extract(epoch FROM clock_timestamp() - l.waitstart)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.application_name LIKE 'app-%'
    ORDER BY 1 DESC LIMIT 1
"""


@dataclass
class Apps:
    """Processes of the app, by the kind of code that they run."""

    dsn: str
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    done: int = 0
    errors: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def start(self, kind: str, rate: float) -> None:
        place = str(Path(__file__).parents[1])
        told = str(self.folder / f"{kind}.json")
        run = [sys.executable, "-m", "migration_bars.online_load", self.dsn, kind, str(rate), told]
        process = subprocess.Popen(run, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the app did not start"
        self.running[kind] = process

    def stop(self, kind: str) -> None:
        process = self.running.pop(kind)
        process.communicate(timeout=60)
        assert process.returncode == 0, f"the {kind} code ended with {process.returncode}"
        told = json.loads((self.folder / f"{kind}.json").read_text())
        self.done += told["done"]
        self.errors += told["errors"]
        self.longest_s = max(self.longest_s, told["longest_s"])

    def kill(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def running_apps(dsn: str) -> Iterator[Apps]:
    with tempfile.TemporaryDirectory(prefix="pgwright-") as folder:
        apps = Apps(dsn, Path(folder))
        try:
            yield apps
        finally:
            apps.kill()


@contextmanager
def watched_waits(dsn: str) -> Iterator[list[float]]:
    """Keep the longest wait for a lock of any of the app's sessions, in seconds, in a list of one."""
    worst, ended = [0.0], Event()

    def look() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not ended.wait(_EVERY_S):
                found = connection.execute(_WAITS).fetchone()
                if found is not None:
                    worst[0] = max(worst[0], float(found[0]))

    thread = Thread(target=look)
    thread.start()
    try:
        yield worst
    finally:
        ended.set()
        thread.join()
