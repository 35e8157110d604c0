"""Find policies that call a function anew for each row.

## What it does

Reads the policies of row-level security from the schema, and reports those whose `USING` calls a function of the
schema, or `current_setting`, without a column of the row and without a subquery around it; on tables of 10,000 rows or
more, of which a million rows and more were read in sequence since the counters began.

## Why it matters

A function that is not immutable is called for each row that is read, to give the same each time. Inside a subquery the
server calls it once a statement. Where the condition finds the rows by an index it makes no difference.

## Example

    CREATE POLICY tenant ON note USING (tenant_id = app.current_tenant());

Use instead:

    CREATE POLICY tenant ON note USING (tenant_id = (SELECT app.current_tenant()));

## When it is wrong

A function that is meant to give another value for each row, as `random()` does.

## Source

PostgreSQL manual, Row Security Policies (https://www.postgresql.org/docs/current/ddl-rowsecurity.html) and CREATE
FUNCTION: Volatility; src/backend/optimizer/plan/subselect.c, on subqueries that become InitPlans.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import RowCalls, row_calls

# Below this, a call for each row is a few milliseconds at most.
LARGE_TABLE_ROWS = 10_000
# So many calls of a function take about a second.
MANY_ROWS_READ = 1_000_000


def find(snapshot: Snapshot) -> Iterator[Finding]:
    tables = families(snapshot)
    for calls in row_calls(snapshot.schema_sql):
        family = tables.get(calls.table)
        if family is not None and family.head.has_row_security and _is_read_in_rows(family):
            yield _finding(calls, family)


def _rows_read(family: TableFamily) -> int:
    return sum(leaf.sequential_rows_read for leaf in family.leaves)


def _is_read_in_rows(family: TableFamily) -> bool:
    return family.rows >= LARGE_TABLE_ROWS and _rows_read(family) >= MANY_ROWS_READ


def _finding(calls: RowCalls, family: TableFamily) -> Finding:
    functions = listing([f"{name}()" for name in calls.functions], most=3)
    return CHECK.found(
        f"{family.name.short} ({quote(calls.policy)})",
        f"The policy {quote(calls.policy)} of {family.name.short} calls {functions} for each row that is read.",
        evidence=[
            Evidence("condition", calls.condition),
            Evidence("rows of the table", count(family.rows)),
            Evidence("rows read in sequence", count(_rows_read(family))),
        ],
        advice=f"Put each call into a subquery, (SELECT {calls.functions[0]}(…)): the server then runs it once a "
        "statement.",
        sql=calls.remedy,
    )


CHECK = Check(__name__, reads=Snapshot, needs=("tables", "schema_sql"), severity="low", confidence="likely", find=find)
