"""A server that writes its log in every form, with plans; and what one test adds to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.database import Database
from tests.support.postgres import MAJOR, run_postgres

# jsonlog is there since 15.
SUFFIXES = (".log", ".csv", *((".json",) if MAJOR >= 15 else ()))
_SECONDS = 20
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "logging_collector": "on",
    "log_destination": "stderr,csvlog" + (",jsonlog" if MAJOR >= 15 else ""),
    "log_directory": "log",
    "log_file_mode": "0644",
    # One file to the end: the place in it where a test began is in no other.
    "log_rotation_size": "0",
    "log_rotation_age": "0",
    "log_min_duration_statement": "0",
    "log_temp_files": "0",
    "log_lock_waits": "on",
    "deadlock_timeout": "50ms",
    "auto_explain.log_min_duration": "0",
    "max_connections": "30",
    **({"compute_query_id": "on"} if MAJOR >= 14 else {}),
}


@dataclass
class Logging:
    """A server that logs."""

    server: EmbeddedServer

    @contextmanager
    def written_to(self, folder: Path) -> Iterator[None]:
        """Put what is logged meanwhile into `server.log`, `server.csv` and `server.json` of a folder."""
        starts = {suffix: self._file(suffix).stat().st_size for suffix in SUFFIXES}
        yield
        mark = uuid4().hex
        with self.server.admin() as connection:
            connection.execute(f"DO $$ BEGIN RAISE LOG 'mark {mark}'; END $$")
        for suffix, start in starts.items():
            (folder / f"server{suffix}").write_bytes(self._until(mark, suffix, start))

    def _until(self, mark: str, suffix: str, start: int) -> bytes:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            written = self._file(suffix).read_bytes()[start:]
            if (end := written.find(f"mark {mark}".encode())) >= 0 and written.endswith(b"\n"):
                return written[: written.rfind(b"\n", 0, end) + 1]
            time.sleep(0.02)
        pytest.fail(f"the server wrote no mark into its {suffix}")

    def _file(self, suffix: str) -> Path:
        return max((self.server.data / "log").glob(f"*{suffix}"))


@pytest.fixture(scope="session")
def logging() -> Iterator[Logging]:
    with run_postgres(SETTINGS) as running:
        with running.admin("template1") as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        yield Logging(running)


@pytest.fixture
def logged_database(logging: Logging) -> Iterator[Database]:
    name = f"t_{uuid4().hex[:12]}"
    logging.server.create_database(name, template="template1")
    yield Database(logging.server, name)
    logging.server.drop_database(name)
