"""How long a step may take, estimated from sizes; an estimate is always labelled as one.

How long an index takes to build is in `sizes/builds.py`, since the advisor says it too.
"""

from __future__ import annotations

from pgwright.figures import duration
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

MEGABYTE = 1_000_000

# A rewrite reads and writes the heap and builds every index of the table; per byte of heap, TOAST and indexes.
REWRITE_BYTES_PER_SECOND = 25 * MEGABYTE

# Reading alone: to validate a foreign key, to look at every value.
SCAN_BYTES_PER_SECOND = 200 * MEGABYTE

# ANALYZE reads at most 300 pages for each unit of the statistics target, which is 100 by default.
ANALYZE_MOST_BYTES = 30_000 * 8192

ASSUMPTION = (
    "estimated from table sizes: index builds as on an idle server with the table in memory, rewrites at "
    f"{REWRITE_BYTES_PER_SECOND // MEGABYTE} MB/s; a slow disk takes several times as long, and waiting for locks "
    "comes on top"
)


def rewrite_seconds(total_bytes: int) -> float:
    """Return the estimated time to rewrite tables that are so large with their indexes."""
    return total_bytes / REWRITE_BYTES_PER_SECOND


def analyze_seconds(table: Table) -> float:
    """Return the estimated time to sample a table."""
    return min(table.heap_bytes, ANALYZE_MOST_BYTES) / SCAN_BYTES_PER_SECOND


def family(snapshot: Snapshot, table: QualifiedName) -> tuple[Table, ...]:
    """Return the table and all its partitions and heirs, parents first; () when the snapshot has no such table."""
    found = [table] if table in snapshot.table_by_name else []
    for name in found:
        found += [child.name for child in snapshot.tables if child.parent == name]
    return tuple(snapshot.table_by_name[name] for name in found)


def in_words(seconds: float | None) -> str:
    """Return a duration as a person says it.

    >>> in_words(0.2), in_words(42), in_words(600), in_words(9000), in_words(None)
    ('under a second', 'about 42 s', 'about 10 min', 'about 2.5 h', 'of unknown duration')
    """
    if seconds is None:
        return "of unknown duration"
    return "under a second" if seconds < 1 else f"about {duration(seconds)}"
