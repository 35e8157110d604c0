"""Find pages that are fetched with OFFSET.

## What it does

Looks in the workload for statements with `OFFSET` on tables large enough for it to matter. The workload keeps no
constants, so how deep the pages are is inferred: from the blocks that a call reads for each row that it returns, and
from how far the slowest call is from the average.

## Why it matters

OFFSET reads and throws away all rows before the page: page 1,000 of 50 rows reads 50,050. Between two pages, new rows
shift the others, so readers see some twice and some never.

## Example

    SELECT * FROM message ORDER BY created_at DESC LIMIT 50 OFFSET 50000;

Use instead:

    SELECT * FROM message WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 50;

## When it is wrong

When nobody goes beyond the first few pages: without signs of depth the finding is only possible. Where `missing-index`
would serve all these statements, the blocks that they read tell nothing of depth, and this stands under that finding.

## Source

PostgreSQL manual, LIMIT and OFFSET (https://www.postgresql.org/docs/current/queries-limit.html): "a large OFFSET might
be inefficient"; Markus Winand, We need tool support for keyset pagination (https://use-the-index-luke.com/no-offset).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import families
from pgwright.checks.no_workload import why_no_workload
from pgwright.figures import count, milliseconds
from pgwright.model.finding import Check, Confidence, Evidence, Finding
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import gist
from pgwright.workload.shaped import ShapedStatement, shaped_statements

# Below this, even the last page is near.
SMALL_TABLE_ROWS = 1_000
# A row found by an index costs about one block of the table and a share of the index: ten times that is waste.
BLOCKS_A_ROW = 10.0
# Fewer blocks than this are read in well under a millisecond, whatever they are read for.
FEW_BLOCKS = 200
# The deepest page against the average one.
SPREAD = 10.0
# Below this, a slow page is noise.
SLOW_MS = 10.0
# A constant in the statement, where the server kept one.
DEEP_ROWS = 1_000


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    by_table: dict[QualifiedName, list[ShapedStatement]] = {}
    for query in shaped_statements(snapshot):
        tables = _paged_tables(snapshot, query)
        if tables:
            by_table.setdefault(tables[0], []).append(query)
    for table, queries in by_table.items():
        yield _finding(snapshot, table, queries)


def _paged_tables(snapshot: Snapshot, query: ShapedStatement) -> list[QualifiedName]:
    """Return the tables that a statement pages through, the one that sets the order first."""
    known = families(snapshot)
    for block in query.shape.blocks:
        if block.has_offset and block.offset != 0:
            named = [key.column.table for key in block.order_by] + list(block.tables)
            large = [table for table in named if table in known and known[table].rows >= SMALL_TABLE_ROWS]
            if large:
                return large
    return []


def _finding(snapshot: Snapshot, table: QualifiedName, queries: list[ShapedStatement]) -> Finding:
    worst = max(queries, key=lambda query: (_is_deep(query), query.statement.total_ms))
    statement = worst.statement
    is_deep = _is_deep(worst)
    order = ", ".join(
        quote(key.column.column) + " DESC" * key.is_descending
        for block in worst.shape.blocks
        if block.has_offset
        for key in block.order_by
    )
    return CHECK.found(
        table.short,
        f"Pages of {table.short} are fetched with OFFSET: each page reads all rows before it.",
        severity=None if is_deep else "low",
        confidence=_confidence(worst),
        evidence=[
            Evidence("statement", gist(statement.text)),
            Evidence("calls", count(sum(query.statement.calls for query in queries))),
            Evidence("mean and slowest", f"{milliseconds(statement.mean_ms)} and {milliseconds(statement.max_ms)}"),
            Evidence("blocks a call", count(statement.blocks_per_call)),
            Evidence("rows returned a call", f"{statement.rows_per_call:,.1f}"),
            Evidence("rows", count(families(snapshot)[table].rows)),
        ],
        advice="Fetch the next page by the last row seen"
        + (f", ORDER BY {order} and a unique column," if order else "")
        + " and index that order.",
        queries=[query.statement.query_id for query in queries],
    )


def _confidence(query: ShapedStatement) -> Confidence | None:
    if _is_stated_deep(query):
        return "certain"
    return "likely" if _is_deep(query) else None


def _is_stated_deep(query: ShapedStatement) -> bool:
    """Tell whether the statement itself names a deep page."""
    return max((block.offset or 0 for block in query.shape.blocks), default=0) >= DEEP_ROWS


def _is_deep(query: ShapedStatement) -> bool:
    """Tell whether the figures betray deep pages."""
    statement = query.statement
    blocks = statement.blocks_per_call
    wastes_blocks = blocks >= FEW_BLOCKS and blocks >= BLOCKS_A_ROW * max(statement.rows_per_call, 1.0)
    is_uneven = statement.max_ms >= SLOW_MS and statement.max_ms >= SPREAD * statement.mean_ms
    return _is_stated_deep(query) or wastes_blocks or is_uneven


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "statements"), severity="medium", confidence="possible", find=find
)
