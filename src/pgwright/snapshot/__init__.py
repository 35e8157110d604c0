"""Stage 1: a database, read once, becomes a Snapshot. One reader per subject; the queries are in `sql/*.sql`."""

from pgwright.snapshot.file import load_snapshot, save_snapshot
from pgwright.snapshot.reader import read_snapshot

__all__ = ["load_snapshot", "read_snapshot", "save_snapshot"]
