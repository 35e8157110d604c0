"""Find statements that return all rows there are, again and again.

## What it does

Looks in the workload for SELECTs without `LIMIT` that return a thousand rows or more a call and run oftener than once
an hour. Exports through a cursor or COPY, groups, and rows that the app asked for by a list of keys are left out. The
time saved is estimated as if a page of 100 rows took its share of the time.

## Why it matters

The server reads, sorts and sends rows that no page shows, and the app turns each into an object, which costs it more
than it costs the server. Such a statement becomes slower with every row that is written.

## Example

    SELECT * FROM event WHERE account_id = $1 ORDER BY at DESC;  -- 17,877 rows, of which the page shows 20

Use instead:

    SELECT * FROM event WHERE account_id = $1 ORDER BY at DESC, id DESC LIMIT 20;

## When it is wrong

A job that works through all rows oftener than once an hour, and needs each of them.

## Source

PostgreSQL manual, LIMIT and OFFSET (https://www.postgresql.org/docs/current/queries-limit.html); `rows` and `calls` of
pg_stat_statements.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.statements import Fault, family_of, faults, figures, largest, readings
from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import ColumnUse, ends_early
from pgwright.workload.shaped import ShapedStatement

# More than anybody looks at.
MANY_ROWS = 1_000
# What a long page shows.
PAGE_ROWS = 100
# Fewer calls, or rarer ones, are exports and jobs.
FEWEST_CALLS, FEWEST_CALLS_A_DAY = 50, 24.0
_DAY_SECONDS = 86_400.0


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    found = (
        (largest(query, snapshot), query.statement, 1 - PAGE_ROWS / query.statement.rows_per_call)
        for query in readings(snapshot)
        if _is_frequent(query.statement, snapshot) and _is_unbounded(query, snapshot)
    )
    for fault in faults(found, snapshot):
        yield _finding(fault, snapshot)


def _is_frequent(statement: Statement, snapshot: Snapshot) -> bool:
    observed = snapshot.observed_seconds
    a_day = statement.calls / observed * _DAY_SECONDS if observed else FEWEST_CALLS_A_DAY
    return statement.calls >= FEWEST_CALLS and a_day >= FEWEST_CALLS_A_DAY


def _is_unbounded(query: ShapedStatement, snapshot: Snapshot) -> bool:
    if query.statement.rows_per_call < MANY_ROWS:
        return False
    listed = (one for block in query.shape.blocks for one in block.conditions if one.operator == "in")
    return not any(_is_key(one.column, snapshot) for one in listed) and not ends_early(query.statement.text)


def _is_key(use: ColumnUse, snapshot: Snapshot) -> bool:
    """Tell whether a list of values of a column is one of keys: then the app knows how much it asks for."""
    declared = {column for key in snapshot.foreign_keys_by_table.get(use.table, ()) for column in key.columns}
    is_primary = use.column in snapshot.table_by_name[use.table].primary_key
    return is_primary or use.column in declared or use.column.endswith("_id")


def _finding(fault: Fault[QualifiedName], snapshot: Snapshot) -> Finding:
    table, statement = fault.place.short, fault.dearest
    return CHECK.found(
        table,
        f"A statement on {table} has no LIMIT and returns {count(statement.rows_per_call)} rows a call.",
        severity=fault.worth.severity,
        evidence=[*figures(fault), Evidence("rows of the table", count(family_of(fault.place, snapshot).rows))],
        advice="Fetch a page: ORDER BY with a unique column and LIMIT, the next page by the last row seen. Where the "
        "app only counts or adds up, let the server do it.",
        queries=fault.queries,
        worth=fault.worth,
    )


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "foreign_keys", "statements"),
    severity="medium",
    confidence="likely",
    find=find,
)
