"""Through PgBouncer in transaction mode everything is read, and nothing of ours stays behind in the pool."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgwright.snapshot import read_snapshot
from tests.support.database import Database

PROGRAM = shutil.which("pgbouncer")
CONFIG = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = {home}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 1
logfile = {home}/log
"""


@pytest.fixture
def pooled(database: Database) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("needs PgBouncer: apt-get install pgbouncer")
    home = Path(tempfile.mkdtemp(prefix="pgwright-pooler-"))
    (home / "ini").write_text(CONFIG.format(server=database.server.directory, home=home))
    user = database.server.user  # PgBouncer refuses to run as root, as PostgreSQL does
    identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    if user is not None:
        for path in (home, home / "ini"):
            shutil.chown(path, user, user)
    with subprocess.Popen([PROGRAM, "-q", str(home / "ini")], cwd=home, **identity) as process:  # type: ignore[call-overload]
        try:
            deadline = time.monotonic() + 10
            while not (home / ".s.PGSQL.6432").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            yield f"host={home} port=6432 user=postgres dbname={database.name}"
        finally:
            process.terminate()
    shutil.rmtree(home, ignore_errors=True)


def test_a_pooler_is_noticed_and_everything_is_read(database: Database, pooled: str) -> None:
    database.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100); ANALYZE t")
    direct, through = read_snapshot(database.dsn), read_snapshot(pooled)
    assert (direct.server.is_pooled, through.server.is_pooled) == (False, True)
    assert through.tables[0].columns == direct.tables[0].columns
    assert through.schema_sql.count("CREATE TABLE") == 1
    assert through.not_examined == ()


def test_the_next_user_of_the_connection_finds_the_servers_settings(pooled: str) -> None:
    names = ("statement_timeout", "lock_timeout", "search_path", "default_transaction_read_only", "jit")

    def settings() -> list[object]:
        with psycopg.connect(pooled, autocommit=True, prepare_threshold=None) as connection:
            rows = [connection.execute(f"SHOW {name}").fetchone() for name in names]
        return [row[0] if row else None for row in rows]

    before = settings()
    read_snapshot(pooled, with_schema=False)
    assert settings() == before


def test_the_environment_of_programs_has_no_options(pooled: str) -> None:
    """A pooler refuses the startup parameter `options`."""
    from pgwright.database import environment

    assert environment(pooled).get("PGOPTIONS") == os.environ.get("PGOPTIONS")
