"""Find new tables without row-level security, beside tables that have it.

## What it does

Reports a new table in a schema where at least half of the tables, and no fewer than two, have row-level security
enabled, and that the pending revisions leave without.

## Why it matters

The app's role sees all rows of it, those of every tenant. Nothing fails, and no test notices.

## Example

    op.create_table("invoice", sa.Column("tenant_id", sa.BigInteger()), …)

Use instead:

    op.create_table("invoice", sa.Column("tenant_id", sa.BigInteger()), …)
    op.execute("ALTER TABLE invoice ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY own ON invoice USING (…)")

## When it is wrong

The table holds what everybody may see, as a list of countries.

## Source

PostgreSQL manual, Row Security Policies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgwright.checks.lint_code import execute
from pgwright.checks.lint_tables import LintStep, in_words, parts, report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.table import Table

# One secured table may be the exception.
FEWEST_SECURED = 2


def find(pending: PendingMigrations) -> Iterator[Finding]:
    secured = {step.table(one.table) for step, one in parts(pending, "enable row security")}
    dropped = {step.table(one.table) for step, one in parts(pending, "drop table")}
    columns: dict[QualifiedName, set[str]] = {}
    made: dict[QualifiedName, LintStep] = {}
    for step, action in parts(pending, "create table", "add column"):
        table = step.table(action.table)
        if table is not None and action.kind == "create table":
            made.setdefault(table, step)
        elif table is not None:
            columns.setdefault(table, set()).add(action.name)
    for table, step in made.items():
        sisters = _secured(pending, table)
        is_known = pending.table(table) is not None  # dropped and made anew: another rule's word
        if (
            sisters
            and table not in secured | dropped
            and not is_known
            and "partition of" not in step.statement.text.lower()
        ):
            yield _finding(step, table, sisters, columns.get(table, set()))


def _secured(pending: PendingMigrations, table: QualifiedName) -> tuple[Table, ...]:
    """Return the tables of its schema with row security, where they are at least half of all."""
    snapshot = pending.snapshot
    every = [
        one for one in (snapshot.tables if snapshot is not None else ())
        if one.name.schema == table.schema and one.parent is None and one.kind in ("table", "partitioned table")
        and one.name.name != "alembic_version"
    ]  # fmt: skip
    found = tuple(one for one in every if one.has_row_security)
    return found if len(found) >= FEWEST_SECURED and 2 * len(found) >= len(every) else ()


def _finding(step: LintStep, table: QualifiedName, sisters: tuple[Table, ...], columns: set[str]) -> Finding:
    shared = Counter(column for one in sisters for column in one.column_by_name if column not in one.primary_key)
    tenant = next((name for name, n in shared.most_common() if name in columns and n == len(sisters)), "")
    says = f" It has {tenant}, as all of those." if tenant else ""
    return report(
        CHECK,
        step,
        table.short,
        f"{table.short} has no row-level security, unlike {in_words([one.name for one in sisters])}: the app's role "
        f"sees every row of it.{says}",
        severity="high" if tenant else "medium",
        confidence="likely" if tenant else "possible",
        evidence=[Evidence("tables of the schema with row security", str(len(sisters)))],
        advice="Enable it in the same revision, with a policy like those of the other tables. Without a policy nobody "
        "but the owner sees a row.",
        code=execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY") + "\n# and its policies: CREATE POLICY …",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="possible", find=find)
