"""`pgwright check` with advice on 10,000 tables, 40,000 indexes, 5,000 statements: time, memory, load on the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import large_schema
from large_workload import descendants
from query_bars.figures import Figure, at_most, shown

from pgwright.embedded import EmbeddedServer, run_server

TABLES, STATEMENTS = 10_000, 5_000
MOST_SECONDS, MOST_MB, MOST_SERVER_SECONDS, MOST_JSON_MB = 60.0, 600.0, 4.0, 3.0
_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "20000",
    # pg_dump locks every table.
    "max_locks_per_transaction": "1024",
    "autovacuum_naptime": "2147483s",
}
_FOURTH_INDEX = "CREATE INDEX ON t{n} (amount)"
_READ = "SELECT * FROM t{n} WHERE parent_id = 5 AND status = 'open' ORDER BY created_at LIMIT 5"


def measure() -> Iterator[Figure]:
    with run_server(settings=_SETTINGS) as server:
        _build(server)
        before = cpu_seconds(server)
        seconds, megabytes, size = large_schema.check(server.dsn("large"))
        spent = cpu_seconds(server) - before
    yield shown("tables", TABLES, "")
    yield shown("statements", STATEMENTS, "")
    yield at_most("check with advice", seconds, "s", MOST_SECONDS)
    yield at_most("its peak memory", megabytes, "MB", MOST_MB)
    yield at_most("processor time of the server that is read", spent, "s", MOST_SERVER_SECONDS)
    yield at_most("JSON report", size, "MB", MOST_JSON_MB)


def _build(server: EmbeddedServer) -> None:
    server.create_database("large")
    with server.admin("large") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        for n in range(TABLES):
            connection.execute(large_schema.TABLE.format(n=n, parent=max(n - 1, 0)).encode())
            connection.execute(_FOURTH_INDEX.format(n=n).encode())
        connection.execute("ANALYZE")
        connection.execute("SELECT pg_stat_statements_reset()")
        for n in range(0, TABLES, TABLES // STATEMENTS):
            connection.execute(_READ.format(n=n).encode())
        # What was built is written now, not while it is read.
        connection.execute("CHECKPOINT")


def cpu_seconds(server: EmbeddedServer) -> float:
    """Return the processor time of a server: of its processes, and of those that have ended."""
    pids = [server.process.pid, *descendants(server.process.pid)]
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    """Return utime, stime, and those of children that ended, of proc_pid_stat(5)."""
    with suppress(OSError):
        # The name of the program, in parentheses, may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0
