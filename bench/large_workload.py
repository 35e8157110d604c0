"""Bar: an advice for 2,000 statements over 500 tables within 60 s and 1 GB, that saves 20 % of the planned cost.

The tables really exist, with 2,000 rows each and fresh statistics; then the snapshot is scaled to the size of a
production database: pages, rows and counters of every table and index are multiplied by one factor a table. (n_distinct
is a share of the rows for keys and stays what it is for the others, as for a table that grew.) The statements were
never run: they are written into the snapshot, with calls, as `pg_stat_statements` would hold them.

Prints seconds, the first answer, planned cost before and after, and peak memory: ours, and that of the twin's server,
whose processes share their buffers, so that the sum of theirs is an upper bound. Writes
`build/bench/large_workload.json`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgwright import pipeline
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot

TABLES, STATEMENTS, ROWS, SEED = 500, 2_000, 2_000, 7
FACTORS = (1, 10, 100, 1_000)
"""How many times more pages a table has in production; one of these each: 2,000 to 2 million rows."""
BAR_SECONDS, BAR_MB, BAR_SAVED = 60.0, 1_024.0, 0.2
OUTPUT = Path(__file__).parents[1] / "build" / "bench" / "large_workload.json"
_SAMPLE_SECONDS = 0.2

# Every tenth table is partitioned by its id. Each refers to one before it.
COLUMNS = """id bigint NOT NULL, parent_id bigint NOT NULL, status text NOT NULL, kind int NOT NULL,
    created_at timestamptz NOT NULL, deleted_at timestamptz, name text NOT NULL, amount numeric NOT NULL,
    payload jsonb"""
PLAIN = """
CREATE TABLE t{n} ({columns}, PRIMARY KEY (id));
ALTER TABLE t{n} ADD FOREIGN KEY (parent_id) REFERENCES t{parent};
"""
PARTITIONED = """
CREATE TABLE t{n} ({columns}, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE t{n}_0 PARTITION OF t{n} FOR VALUES FROM (MINVALUE) TO (1001);
CREATE TABLE t{n}_1 PARTITION OF t{n} FOR VALUES FROM (1001) TO (MAXVALUE);
"""
FILL = """
INSERT INTO t{n} SELECT i, 1 + power(random(), 3) * ({rows} - 1), CASE WHEN i % 50 = 0 THEN 'open' ELSE 'done' END,
    i % 40, timestamptz '2026-01-01' + i * interval '10 minutes',
    CASE WHEN i % 20 = 0 THEN timestamptz '2026-06-01' END,
    'name ' || md5(i::text), i % 997, jsonb_build_object('k', i % 100, 'tag', 'v' || i % 30)
FROM generate_series(1, {rows}) i;
"""
READS = (
    "SELECT * FROM t{a} WHERE parent_id = $1",
    "SELECT * FROM t{a} WHERE status = $1 ORDER BY created_at LIMIT $2",
    "SELECT id, name FROM t{a} WHERE parent_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC LIMIT $2",
    "SELECT count(*) FROM t{a} WHERE created_at >= $1 AND created_at < $2",
    "SELECT * FROM t{a} WHERE name = $1",
    "SELECT * FROM t{a} WHERE name LIKE $1",
    "SELECT kind, sum(amount) FROM t{a} WHERE status = $1 GROUP BY kind",
    "SELECT * FROM t{a} WHERE id = ANY ($1)",
    "SELECT * FROM t{a} WHERE payload @> $1",
    "SELECT x.id, y.name FROM t{a} x JOIN t{b} y ON y.id = x.parent_id WHERE y.name = $1",
    "SELECT y.* FROM t{b} x JOIN t{a} y ON y.parent_id = x.id WHERE x.kind = $1 AND y.status = $2",
    """SELECT x.id, z.name FROM t{a} x JOIN t{b} y ON y.id = x.parent_id JOIN t{c} z ON z.id = y.parent_id
    WHERE x.created_at > $1 AND z.status = $2 ORDER BY x.created_at DESC LIMIT $3""",
    """SELECT count(*) FROM t{a} w JOIN t{b} x ON x.id = w.parent_id JOIN t{c} y ON y.id = x.parent_id
    JOIN t{d} z ON z.id = y.parent_id WHERE w.parent_id = $1 AND z.kind = $2""",
    "SELECT * FROM t{a} x WHERE kind = $1 AND EXISTS (SELECT FROM t{b} y WHERE y.id = x.parent_id AND y.status = $2)",
)
WRITES = (
    "INSERT INTO t{a} (id, parent_id, status, kind, created_at, name, amount) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    "UPDATE t{a} SET status = $1 WHERE id = $2",
    "UPDATE t{a} SET amount = amount + $1 WHERE parent_id = $2",
    "DELETE FROM t{a} WHERE id = $1",
)


def build(server: EmbeddedServer, name: str) -> Snapshot:
    """Make the database and read it."""
    server.create_database(name)
    with server.admin(name) as connection:
        connection.execute("SELECT setseed(0.5)")
        for n in range(TABLES):
            form = PARTITIONED if n % 10 == 9 else PLAIN
            connection.execute(form.format(n=n, parent=parent_of(n), columns=COLUMNS).encode())
        for n in range(TABLES):
            connection.execute(FILL.format(n=n, rows=ROWS).encode())
        connection.execute("VACUUM ANALYZE")
    return read_snapshot(server.dsn(name))


def parent_of(n: int) -> int:
    return max(n - 1 - n % 3, 0)


def scaled(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as of a database that grew; partitions grow as their parent does."""
    factors = random.Random(SEED).choices(FACTORS, weights=(40, 30, 20, 10), k=TABLES)
    factor_of = {table.name: factors[int(table.name.name[1:].split("_")[0])] for table in snapshot.tables}
    tables = tuple(
        replace(
            table,
            pages=table.pages * factor,
            analyzed_pages=table.analyzed_pages * factor,
            all_visible_pages=table.all_visible_pages * factor,
            row_estimate=table.row_estimate * factor,
            total_bytes=table.total_bytes * factor,
            live_rows=table.live_rows * factor,
        )
        for table in snapshot.tables
        for factor in (factor_of[table.name],)
    )
    indexes = tuple(
        replace(
            index,
            size_bytes=index.size_bytes * factor,
            pages=index.pages * factor,
            analyzed_pages=index.analyzed_pages * factor,
            row_estimate=index.row_estimate * factor,
            tree_height=None,
        )
        for index in snapshot.indexes
        for factor in (factor_of[index.table],)
    )
    return replace(snapshot, tables=tables, indexes=indexes, statements=tuple(statements()))


def statements() -> Iterator[Statement]:
    """Yield distinct statements: four in five read, calls fall off as 1 ÷ rank."""
    draw = random.Random(SEED)
    texts: dict[str, bool] = {}
    while len(texts) < STATEMENTS:
        is_write = draw.random() < 0.2
        a = draw.randrange(3, TABLES)
        b = parent_of(a)
        c = parent_of(b)
        form = draw.choice(WRITES if is_write else READS)
        texts[form.format(a=a, b=b, c=c, d=parent_of(c))] = is_write
    for rank, (text, is_write) in enumerate(texts.items(), 1):
        calls = max(1, 1_000_000 // rank)
        rows = calls if is_write else calls * draw.choice((1, 5, 20))
        yield Statement(rank, text, "app", calls, float(calls), 1.0, 1.0, 0.0, rows, 0, 0, 0)


@dataclass
class Peaks:
    """The largest resident memory of each child process, in megabytes, by process id."""

    by_process: dict[int, float] = field(default_factory=dict)
    most_together: float = 0.0
    """The largest sum over the processes that lived at one moment."""

    def look(self) -> None:
        now = {pid: peak for pid in descendants(os.getpid()) if (peak := peak_megabytes(pid))}
        self.by_process.update(now)
        self.most_together = max(self.most_together, sum(now.values()))


@contextmanager
def watched() -> Iterator[Peaks]:
    """Look at the child processes several times a second: they are gone when the work is done."""
    peaks, done = Peaks(), threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            peaks.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        done.set()
        watcher.join()


def descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def peak_megabytes(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> int:
    os.environ["PGWRIGHT_CACHE"] = "off"  # the first command on a database is what counts
    started = time.monotonic()
    with run_server(settings={"max_locks_per_transaction": "1024"}) as server:
        snapshot = scaled(build(server, "large"))
    print(f"database made and read in {time.monotonic() - started:.0f} s")
    started = time.monotonic()
    with watched() as peaks:
        advice = pipeline.advise(snapshot, goal=Goal(deadline_seconds=BAR_SECONDS / 2))
    seconds, ours = time.monotonic() - started, peak_megabytes(os.getpid())
    saved = 1 - advice.cost_after / advice.cost_before if advice.cost_before else 0.0
    megabytes = ours + peaks.most_together
    met = seconds <= BAR_SECONDS and megabytes <= BAR_MB and saved >= BAR_SAVED
    figures = {
        "statements": STATEMENTS,
        "tables": TABLES,
        "planned_statements": advice.statements,
        "unplanned_statements": len(advice.unplanned),
        "seconds": seconds,
        "first_answer_seconds": advice.first_answer_seconds,
        "cost_before": advice.cost_before,
        "cost_after": advice.cost_after,
        "saved_share": saved,
        "indexes": len(advice.indexes),
        "candidates": advice.candidates,
        "plans": advice.plans,
        "ended": advice.ended,
        "process_megabytes": ours,
        "twin_megabytes": peaks.most_together,
        "largest_twin_process_megabytes": max(peaks.by_process.values(), default=0.0),
        "met": met,
    }
    for name, figure in figures.items():
        print(f"{name:<32}{figure:>16,.2f}" if isinstance(figure, float) else f"{name:<32}{figure!s:>16}")
    print(f"bar: {BAR_SECONDS:.0f} s, {BAR_MB:.0f} MB, {BAR_SAVED:.0%} saved: {'met' if met else 'MISSED'}")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(figures, indent=2))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
