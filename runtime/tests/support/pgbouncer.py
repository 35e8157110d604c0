"""The real PgBouncer before the embedded server."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer, system_user

_PORT = 6432
_START_SECONDS = 10.0
# Debian installs it where an ordinary user's PATH does not look.
_PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class PgBouncer:
    """A running PgBouncer, which listens on a Unix socket only."""

    directory: Path

    def url(self, database: str, driver: str) -> str:
        return f"postgresql+{driver}://postgres@/{database}?host={self.directory}&port={_PORT}"

    @property
    def console(self) -> str:
        return f"host={self.directory} port={_PORT} user=postgres dbname=pgbouncer"


@contextmanager
def run_pgbouncer(server: EmbeddedServer, *, pool_mode: str, pool_size: int) -> Iterator[PgBouncer]:
    """Start PgBouncer, with `pool_size` connections to each database; the test is skipped where it is not installed."""
    if _PROGRAM is None:
        pytest.skip("PgBouncer is not installed. Run: apt-get install pgbouncer")
    user = system_user()  # PgBouncer refuses root, as PostgreSQL does
    directory = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    configuration = directory / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = host={server.directory} user=postgres\n"
        f"[pgbouncer]\nlisten_addr =\nlisten_port = {_PORT}\nunix_socket_dir = {directory}\nauth_type = any\n"
        f"pool_mode = {pool_mode}\ndefault_pool_size = {pool_size}\nmax_client_conn = 200\nadmin_users = postgres\n"
        f"logfile = {directory / 'log'}\n"
    )
    if user is not None:
        shutil.chown(directory, user, user)
        shutil.chown(configuration, user, user)
    process = subprocess.Popen([_PROGRAM, "--quiet", str(configuration)], user=user, group=user)
    try:
        _wait_until_ready(process, bouncer := PgBouncer(directory))
        yield bouncer
    finally:
        process.terminate()
        process.wait(_START_SECONDS)
        shutil.rmtree(directory)


def _wait_until_ready(process: subprocess.Popen[bytes], bouncer: PgBouncer) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(bouncer.console, autocommit=True).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError(f"PgBouncer did not start: {(bouncer.directory / 'log').read_text()}")
