"""Bar: `pgwright check` on 2,000 tables and 6,000 indexes takes under 10 s and under 300 MB.

Prints seconds and peak memory of the whole process, as the operating system accounts for it, and the same as a ratio
to a database of 20 tables in the same run. Writes `build/bench/large_schema.json`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from pgwright.embedded import EmbeddedServer, run_server

TABLES, SMALL = 2_000, 20
BAR_SECONDS, BAR_MB = 10.0, 300.0
OUTPUT = Path(__file__).parents[1] / "build" / "bench" / "large_schema.json"
# Each table has a primary key and two more indexes, a foreign key to its neighbour, and some rows.
TABLE = """
CREATE TABLE t{n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint REFERENCES t{parent}, status text NOT NULL,
    amount numeric, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON t{n} (created_at);
CREATE INDEX ON t{n} (status, created_at);
INSERT INTO t{n} (status) SELECT CASE WHEN i % 50 = 0 THEN 'open' ELSE 'done' END FROM generate_series(1, 100) i;
"""


def build(server: EmbeddedServer, name: str, tables: int) -> None:
    server.create_database(name)
    with server.admin(name) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        for n in range(tables):
            connection.execute(TABLE.format(n=n, parent=max(n - 1, 0)))
        connection.execute("ANALYZE")
        connection.execute("SELECT pg_stat_statements_reset()")
        for n in range(0, tables, max(1, tables // 50)):
            connection.execute(
                f"SELECT * FROM t{n} WHERE parent_id = 5 AND status = 'open' ORDER BY created_at LIMIT 5"
            )


def check(dsn: str, output: str = os.devnull) -> tuple[float, float]:
    """Return seconds and peak megabytes of one `pgwright check`, its children's servers not counted."""
    started = time.monotonic()
    program = Path(sys.executable).with_name("pgwright")
    pid = os.posix_spawn(program, [str(program), "check", dsn, "--format", "json", "-o", output], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) > 1:
        sys.exit("pgwright check could not run")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def main() -> int:
    settings = {"shared_preload_libraries": "pg_stat_statements", "max_locks_per_transaction": "1024"}
    with run_server(settings=settings) as server:
        build(server, "small", SMALL)
        build(server, "large", TABLES)
        small_seconds, small_mb = check(server.dsn("small"))
        seconds, megabytes = check(server.dsn("large"))
    met = seconds < BAR_SECONDS and megabytes < BAR_MB
    print(f"{'':24}{'seconds':>9}{'MB':>7}")
    print(f"{SMALL:>6} tables            {small_seconds:9.2f}{small_mb:7.0f}")
    print(f"{TABLES:>6} tables            {seconds:9.2f}{megabytes:7.0f}")
    print(f"{'ratio':<24}{seconds / small_seconds:9.2f}{megabytes / small_mb:7.2f}")
    print(f"bar: {BAR_SECONDS:.0f} s, {BAR_MB:.0f} MB: {'met' if met else 'MISSED'}")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {"tables": TABLES, "indexes": 3 * TABLES, "seconds": seconds, "megabytes": megabytes, "met": met}
    OUTPUT.write_text(json.dumps(figures, indent=2))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
