"""A PostgreSQL server that is killed, and started again on what it had written."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pgwright.embedded import EmbeddedServer, run_server, wheel_programs
from pgwright.errors import EmbeddedServerError

_START_S = 30


class MortalServer:
    """Runs in one folder; what it acknowledged outlives the kill, for the system's buffers do."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pgwright-"))
        self._settings = settings
        self._running = ExitStack()
        # The server ends with the thread that started it, so that one has to last.
        self._thread = ThreadPoolExecutor(1)
        self.start()

    @property
    def server(self) -> EmbeddedServer:
        return self._server

    def start(self, **settings: str) -> None:
        """Start it; the last one's processes may need a moment to notice that their parent is gone."""
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self._server = self._thread.submit(self._start, {**self._settings, **settings}).result()
            except EmbeddedServerError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill the postmaster, and its children, which would notice it only a moment later; all are gone then."""
        server = self._server.process
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        server.send_signal(signal.SIGKILL)
        server.wait(20)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        while any(map(_is_alive, children)):
            time.sleep(0.001)

    def close(self) -> None:
        self._running.close()
        self._thread.shutdown()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self, settings: Mapping[str, str]) -> EmbeddedServer:
        return self._running.enter_context(run_server(self.directory, settings=settings, programs=wheel_programs()))


def _is_alive(process: str) -> bool:
    try:
        # After its name, which is in brackets; nobody may have buried it yet.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def run_mortal_server(**settings: str) -> Iterator[MortalServer]:
    server = MortalServer(settings)
    try:
        yield server
    finally:
        server.close()
