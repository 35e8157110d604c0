"""Find statements that read far more than they return.

## What it does

Compares, for each SELECT of the workload, the blocks that a call reads with the rows that it returns: 50 blocks a call
or more, and 20 or more for each row and each table or partition that it names. What groups, counts or makes distinct
reads more than it returns by its nature, and so do patterns, distances and text search. Pages by OFFSET are the
business of `deep-offset`, tables that are read from end to end that of `missing-index` and `sequential-scan-heavy`. The
time saved is estimated as the share of the blocks that finding each row by an index would not read.

## Why it matters

The rows are found by a condition that is too wide, and thrown away by the rest of the conditions. They push other data
out of memory, and become more as the table grows.

## Example

    SELECT * FROM job WHERE queue = $1 AND status = $2 ORDER BY id LIMIT 1;  -- with an index on (queue) only

Use instead:

    CREATE INDEX CONCURRENTLY ix_job_queue_status_id ON job (queue, status, id);

## When it is wrong

Rows so wide that each lies in many blocks of its own. The workload keeps averages: one call in a hundred that reads a
whole table looks like a hundred that read a hundredth.

## Source

PostgreSQL manual, pg_stat_statements (https://www.postgresql.org/docs/current/pgstatstatements.html): shared_blks_hit,
shared_blks_read and rows; Using EXPLAIN: "Rows Removed by Filter".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.statements import (
    BLOCKS_A_LOOKUP,
    Fault,
    family_of,
    faults,
    figures,
    is_searched,
    largest,
    readings,
    spared,
)
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.sqltext import Block, condenses
from pgwright.workload.shaped import ShapedStatement

# Fewer are read in a fraction of a millisecond, whatever for.
FEW_BLOCKS = 50
# Five times what finding a row by an index takes.
BLOCKS_A_ROW = 20
# Sequential scans for each call: from here on, it is this statement that makes them.
SCANS_A_CALL = 0.5
# Of other comparisons, as of patterns, an index finds candidates only.
_EXACT = {"=", "in", "range", "is null", "is not null", "is true", "is false", "<>"}


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    found = (
        (largest(query, snapshot), query.statement, spared(query.statement, _blocks_a_row(query, snapshot)))
        for query in readings(snapshot)
        if _is_wasteful(query, snapshot)
    )
    for fault in faults(found, snapshot):
        yield _finding(fault)


def _is_wasteful(query: ShapedStatement, snapshot: Snapshot) -> bool:
    statement = query.statement
    if statement.blocks_per_call < FEW_BLOCKS or not all(_is_exact(one) for one in query.shape.blocks):
        return False
    few = BLOCKS_A_ROW / BLOCKS_A_LOOKUP * _blocks_a_row(query, snapshot)
    is_much = statement.blocks_per_call >= few * max(statement.rows_per_call, 1.0)
    return is_much and not _is_scan(query, snapshot) and not condenses(statement.text)


def _is_scan(query: ShapedStatement, snapshot: Snapshot) -> bool:
    """Tell whether a statement seems to read one of its tables from end to end."""
    for table in query.shape.tables:
        leaves = family_of(table, snapshot).leaves
        scans = sum(leaf.sequential_scans for leaf in leaves) / max(len(leaves), 1)
        if scans >= SCANS_A_CALL * query.statement.calls and is_searched(table, query.statement, snapshot):
            return True
    return False


def _is_exact(block: Block) -> bool:
    compared = [*block.conditions, *(one for branch in block.branches for one in branch)]
    operators = {one.operator for one in (*compared, *block.lookups)}
    operators |= {one.operator for one in block.expressions if one.role == "condition"}
    return operators <= _EXACT and not block.distances and (not block.has_offset or block.offset == 0)


def _blocks_a_row(query: ShapedStatement, snapshot: Snapshot) -> float:
    """Return what finding one row by indexes reads: in each partition of each table, and what lies out of line."""
    named = [table for block in query.shape.blocks for table in block.tables]
    lookups = sum(len(family_of(table, snapshot).leaves) for table in named)
    return BLOCKS_A_LOOKUP * (lookups + sum(_blocks_out_of_line(table, snapshot) for table in set(named)))


def _blocks_out_of_line(table: QualifiedName, snapshot: Snapshot) -> float:
    """Return the blocks of long values that a row has on average, each of which is found by an index of its own."""
    family = family_of(table, snapshot)
    indexes = sum(index.size_bytes for leaf in family.leaves for index in snapshot.indexes_by_table.get(leaf.name, ()))
    return max(0, family.total_bytes - family.heap_bytes - indexes) / PAGE_BYTES / max(family.rows, 1.0)


def _finding(fault: Fault[QualifiedName]) -> Finding:
    statement = fault.dearest
    a_row = statement.blocks_per_call / max(statement.rows_per_call, 1.0)
    return CHECK.found(
        fault.place.short,
        f"A statement on {fault.place.short} reads {count(a_row)} blocks for each row that it returns: it throws most "
        "of what it reads away.",
        severity=fault.worth.severity,
        evidence=figures(fault),
        advice="See in EXPLAIN (ANALYZE, BUFFERS) which filter removes the rows. Put its columns into the index that "
        "finds them, or filter before the join.",
        queries=fault.queries,
        worth=fault.worth,
    )


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "statements"), severity="medium", confidence="likely", find=find
)
