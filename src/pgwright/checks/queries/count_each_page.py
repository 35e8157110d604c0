"""Find counts that run with every page of a list.

## What it does

Looks in the workload for a SELECT that returns nothing but `count(*)`, and runs about as often as SELECTs with `LIMIT`
that have the same tables and filters.

## Why it matters

A page reads as many rows as it shows; the count reads all that there are, each time, to say "page 1 of 3,514". It
becomes slower with every row, and is soon the dearest statement of the app.

## Example

    total = session.scalar(select(func.count()).select_from(Event).where(Event.account_id == account))
    events = session.scalars(select(Event).where(Event.account_id == account).order_by(Event.id).limit(20)).all()

Use instead:

    events = session.scalars(select(Event).where(Event.account_id == account).order_by(Event.id).limit(20 + 1)).all()
    has_more = len(events) > 20

## When it is wrong

Where each page has to show an exact total, as of an invoice; then keep the number in a row of its own.

## Source

PostgreSQL wiki, Slow Counting (https://wiki.postgresql.org/wiki/Slow_Counting).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.statements import Fault, faults, figures, largest, readings
from pgwright.figures import count, times
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Block, gist, is_count
from pgwright.workload.shaped import ShapedStatement

# Fewer prove nothing.
FEWEST_CALLS = 50
# Counts for each page: some pages are fetched without one, some counts belong to other pages.
LOWEST_RATIO, HIGHEST_RATIO = 0.5, 2.0
# Within this, chance is unlikely.
CLOSE_RATIO = 0.2
# What returns fewer rows is no list.
ROWS_A_PAGE = 2.0

Filters = frozenset[tuple[object, ...]]


@dataclass(frozen=True)
class _Counted:
    """What is counted, and the pages with which it is."""

    about: str
    page: Statement = field(compare=False)
    """The most frequent one."""
    ratio: float = field(compare=False)
    """Counts for each page."""


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    for fault in faults(_found(snapshot), snapshot):
        yield _finding(fault)


def _found(snapshot: Snapshot) -> Iterator[tuple[_Counted, Statement, float]]:
    """Yield the counts; a page that asks for one row more than it shows knows without them whether there are more."""
    pages: dict[tuple[str, Filters], list[ShapedStatement]] = {}
    for query in readings(snapshot):
        if query.statement.rows_per_call >= ROWS_A_PAGE and any(block.has_limit for block in query.shape.blocks):
            for filters in {_filters(query), _filters(query, without_sorted=True)}:
                pages.setdefault((query.statement.role, filters), []).append(query)
    for query in readings(snapshot):
        one = query.statement
        if _counts(query):
            alike = pages.get((one.role, _filters(query)), ())
            of_it = [page.statement for page in alike if query.shape.tables <= page.shape.tables]
            ratio = one.calls / max(sum(page.calls for page in of_it), 1)
            if LOWEST_RATIO <= ratio <= HIGHEST_RATIO:
                most = max(of_it, key=lambda page: page.calls)
                yield _Counted(_about(query, snapshot), most, ratio), one, 1.0


def _counts(query: ShapedStatement) -> bool:
    """Tell whether a statement counts all that there are: with a LIMIT inside, it stops."""
    one = query.statement
    is_capped = any(block.has_limit for block in query.shape.blocks)
    return one.calls >= FEWEST_CALLS and one.rows == one.calls and not is_capped and is_count(one.text)


def _filters(query: ShapedStatement, *, without_sorted: bool = False) -> Filters:
    """Return what a statement filters by; without the range from which a page goes on, where asked."""
    found: set[tuple[object, ...]] = set()
    for block in query.shape.blocks:
        found |= set(_of_block(block, without_sorted=without_sorted))
    return frozenset(found)


def _of_block(block: Block, *, without_sorted: bool) -> Iterator[tuple[object, ...]]:
    sorted_by = {key.column for key in block.order_by} if without_sorted else set()
    for one in (*block.conditions, *(one for branch in block.branches for one in branch)):
        if one.operator != "range" or one.column not in sorted_by:
            yield one.column, one.operator, one.symbol
    for other in block.expressions:
        if other.role == "condition":
            yield other.table, other.text, other.operator


def _about(query: ShapedStatement, snapshot: Snapshot) -> str:
    table: QualifiedName = largest(query, snapshot)
    conditions = (one for block in query.shape.blocks for one in block.conditions)
    columns = sorted({one.column.column for one in conditions if one.column.table == table})
    return snapshot.describe(table, tuple(columns)) if columns else table.short


def _finding(fault: Fault[_Counted]) -> Finding:
    counted = fault.place
    return CHECK.found(
        counted.about,
        f"All rows of {counted.about} are counted {times(counted.ratio)} times for each page that is fetched of them.",
        severity=fault.worth.severity,
        confidence="likely" if abs(counted.ratio - 1) <= CLOSE_RATIO else None,
        evidence=[
            *figures(fault),
            Evidence("the page", gist(counted.page.text)),
            Evidence("its calls", count(counted.page.calls)),
        ],
        advice="Ask for one row more than the page shows, LIMIT n + 1, and say only that there are more. Where a "
        "number is wanted, show the planner's estimate (of EXPLAIN; for a whole table pg_class.reltuples), count up to "
        "a limit (SELECT count(*) FROM (SELECT 1 … LIMIT 1000) AS counted), or keep the count for a minute.",
        queries=dict.fromkeys((*fault.queries, counted.page.query_id)),
        worth=fault.worth,
    )


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "statements"), severity="medium", confidence="possible", find=find
)
