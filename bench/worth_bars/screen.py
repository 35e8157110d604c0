"""How long the report on a database of 100 tables full of faults is, on a terminal of 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from query_bars.figures import Figure, at_most, shown

from pgwright import pipeline
from pgwright.embedded import EmbeddedServer
from pgwright.report import Screen, render
from worth_bars.server import apps_server

TABLES, ROWS, CALLS = 100, 3_000, 20
MOST_FIRST, MOST_LINES = 40, 120
_LAST_SECTION = re.compile(r"slowest statements", re.IGNORECASE)
# No index on the foreign key, two equal ones, a sequence that runs out in every fifth, no key in every tenth.
_TABLE = """
CREATE TABLE t{n} (
    id int {key}, parent_id bigint {parent}, status text NOT NULL, owner_id int NOT NULL, name text NOT NULL,
    created_at timestamptz NOT NULL, deleted_at timestamptz);
CREATE INDEX ix_t{n}_created_at ON t{n} (created_at);
CREATE INDEX t{n}_created ON t{n} (created_at);
INSERT INTO t{n} SELECT i, i, CASE WHEN i % 50 = 0 THEN 'open' ELSE 'done' END, i % 300, md5(i::text),
    timestamptz '2026-01-01' + i * interval '10 minutes', CASE WHEN i % 3 = 0 THEN timestamptz '2026-02-01' END
    FROM generate_series(1, {rows}) i;
"""
_SEQUENCE = "CREATE SEQUENCE t{n}_seq AS int OWNED BY t{n}.id; SELECT setval('t{n}_seq', {last})"
_READS = (
    "SELECT * FROM t{n} WHERE owner_id = 5 AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 5",
    "SELECT * FROM t{n} WHERE status = 'open' ORDER BY created_at LIMIT 10 OFFSET 40",
    "SELECT name FROM t{n} WHERE parent_id = 7",
)


def measure() -> Iterator[Figure]:
    with apps_server() as server:
        _build(server)
        diagnosis = pipeline.check(server.dsn("screen"))
    lines = render(diagnosis, "terminal", Screen(width=100)).splitlines()
    first = first_screen(lines)
    print("\n".join(f"    {line}" for line in lines[: min(first, MOST_FIRST)]), flush=True)
    yield shown(f"findings on {TABLES} tables", len(diagnosis.findings), "")
    yield at_most("lines of the first screen", first, "", MOST_FIRST)
    yield at_most("lines of the whole report", len(lines), "", MOST_LINES)
    yield at_most("columns of its widest line", max(map(len, lines)), "", 100)


def first_screen(lines: list[str]) -> int:
    """Return how many lines it takes to the end of the slowest statements; all where the report has no such section."""
    start = next((place for place, line in enumerate(lines) if _LAST_SECTION.search(line)), None)
    if start is None:
        return len(lines)
    return next((place for place in range(start + 1, len(lines)) if not lines[place].strip()), len(lines))


def _build(server: EmbeddedServer) -> None:
    server.create_database("screen")
    with server.admin("screen") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        for n in range(TABLES):
            key = "NOT NULL" if n % 10 == 9 else "PRIMARY KEY"
            parent = f"REFERENCES t{n - 1}" if n % 10 else ""
            connection.execute(_TABLE.format(n=n, key=key, parent=parent, rows=ROWS).encode())
            if n % 5 == 4:
                connection.execute(_SEQUENCE.format(n=n, last=int(0.95 * 2**31)).encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("SELECT pg_stat_statements_reset()")
        for n in range(TABLES):
            for text in _READS:
                for _ in range(CALLS):
                    connection.execute(text.format(n=n).encode())
