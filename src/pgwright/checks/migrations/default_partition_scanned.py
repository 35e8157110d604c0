"""Find new partitions for which the DEFAULT partition is read whole under a lock.

## What it does

Reports CREATE TABLE … PARTITION OF and ATTACH PARTITION where the twin read the DEFAULT partition whole, and it is not
small.

## Why it matters

The server looks for rows in the DEFAULT partition that belong to the new one, under ACCESS EXCLUSIVE on it. Where it
finds one, the statement fails.

## Example

    op.execute("CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")

Use instead:

    op.execute("ALTER TABLE event_default ADD CONSTRAINT no_2026 "
               "CHECK (at IS NULL OR at < '2026-01-01' OR at >= '2027-01-01') NOT VALID")

    # next revision
    op.execute("ALTER TABLE event_default VALIDATE CONSTRAINT no_2026")

    # next revision
    op.execute("CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    op.execute("ALTER TABLE event_default DROP CONSTRAINT no_2026")

## When it is wrong

The DEFAULT partition is nearly empty, though its file is large.

## Source

PostgreSQL manual, ALTER TABLE, ATTACH PARTITION: "If the table has a default partition, the scan can be skipped …"
(https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision, range_outside
from pgwright.checks.lint_tables import LintStep, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import quote, shorten
from pgwright.model.table import Table
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    defaults = {one.name: one for one in pending.snapshot.tables if one.bound == "DEFAULT"} if pending.snapshot else {}
    for step in steps(pending):
        adds = {"create table", "attach partition"}.intersection(one.kind for one in step.statement.actions)
        for name in step.statement.scanned if adds else ():
            if name in defaults and step.matters(name):
                yield _finding(step, defaults[name])


def _finding(step: LintStep, default: Table) -> Finding:
    first = step.statement.first
    named = first.references or first.table if first is not None else None
    new = named.name if named is not None else "the new partition"
    return report(
        CHECK,
        step,
        f"{default.name.short} ({new})",
        f"For {new} all of {step.sized(default.name)} is read, the DEFAULT partition, while the app can neither read "
        f"nor write it, {step.how_long()}; and it fails if a row of it belongs to {new}.",
        tables=[default.name],
        severity=step.severity(default.name),
        advice="Say by a CHECK on the DEFAULT partition that it has no such row, NOT VALID, validate it in the next "
        "revision, and then make the partition: the valid CHECK saves the scan.",
        code=_code(step, default, new),
    )


def _code(step: LintStep, default: Table, new: str) -> str:
    parent = step.pending.table(default.parent) if default.parent is not None else None
    condition = range_outside(step.statement.text, parent.partition_key) if parent is not None else ""
    if not condition:
        return ""
    table, name = default.name.short, quote(shorten(f"{default.name.name}_without_{new}"))
    return lines(
        execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"),
        next_revision("rows of the new partition are moved out of the DEFAULT one, if there are any"),
        execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
        next_revision("the check is valid: nothing is read any more"),
        execute(plain(step.statement.text)),
        execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}"),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
