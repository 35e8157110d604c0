"""Find databases that read too much past the server's own cache.

## What it does

Compares the blocks that were found in `shared_buffers` with those that were asked of the operating system.

## Why it matters

A block from the cache takes well under a microsecond, one from a disk up to milliseconds. A low share means that the
data in use does not fit, or that queries read far more of it than they need.

## Example

    shared_buffers = 128MB   -- the default, on a server with 32 GB

Use instead:

    shared_buffers = 8GB     -- about a quarter of the memory; needs a restart

## When it is wrong

The operating system has a cache of its own, so a block that was not found here need not come from a disk. After a
restart the cache is cold. Analytical databases read more than fits by nature.

## Source

PostgreSQL manual, Resource Consumption: shared_buffers
(https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-SHARED-BUFFERS) and
The Cumulative Statistics System: pg_stat_database.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import families
from pgwright.figures import count, listing, share, size
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Fewer are the warming up.
FEWEST_BLOCKS = 100_000
# An app's data in use should fit; nineteen of twenty is generous.
LOW_SHARE = 0.95
VERY_LOW_SHARE = 0.8
MOST_TABLES = 3


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    server = snapshot.server
    blocks = server.blocks_hit + server.blocks_read
    if blocks < FEWEST_BLOCKS:
        yield CHECK.unexamined(f"the counters hold {count(blocks)} block reads, too few to judge", "read again later")
    elif server.blocks_hit < LOW_SHARE * blocks:
        yield _finding(snapshot, server.blocks_hit / blocks)


def _finding(snapshot: Snapshot, part: float) -> Finding:
    server, buffers = snapshot.server, snapshot.setting_by_name.get("shared_buffers")
    scanned = [family for family in families(snapshot).values() if any(leaf.sequential_scans for leaf in family.leaves)]
    scanned.sort(key=lambda family: -sum(leaf.sequential_rows_read for leaf in family.leaves))
    return CHECK.found(
        server.database,
        f"{share(1 - part)} of the blocks were not in shared_buffers when they were needed.",
        severity="medium" if part < VERY_LOW_SHARE else None,
        evidence=[
            Evidence("blocks found in the cache", f"{count(server.blocks_hit)}, {share(part)}"),
            Evidence("blocks read from outside", count(server.blocks_read)),
            Evidence("shared_buffers", buffers.value if buffers else "unknown"),
            Evidence("size of the tables", size(server.database_bytes) if server.database_bytes else "unknown"),
            Evidence("most read from end to end", listing([f.name.short for f in scanned[:MOST_TABLES]]) or "none"),
        ],
        advice="First let queries read less (see sequential-scan-heavy and `pgwright advise`); then raise "
        "shared_buffers to about a quarter of the server's memory.",
    )


CHECK = Check(__name__, reads=Snapshot, needs=("tables",), severity="low", confidence="possible", find=find)
