"""Find tables that are read whole, under a lock, when they become a partition.

## What it does

Reports ATTACH PARTITION where the twin read the partition whole, and it is neither new nor small.

## Why it matters

The server checks that every row lies within the bounds, under ACCESS EXCLUSIVE on the partition. An index that the
partitioned table has and the partition has not is built meanwhile, too.

## Example

    op.execute("ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")

Use instead:

    op.execute("ALTER TABLE event_2025 ADD CONSTRAINT event_2025_bounds "
               "CHECK (at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01') NOT VALID")

    # next revision
    op.execute("ALTER TABLE event_2025 VALIDATE CONSTRAINT event_2025_bounds")

    # next revision
    op.execute("ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
    op.execute("ALTER TABLE event_2025 DROP CONSTRAINT event_2025_bounds")

## When it is wrong

Nothing uses the table before it is a partition.

## Source

PostgreSQL manual, ALTER TABLE, ATTACH PARTITION (https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision, range_inside
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import quote, shorten
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "attach partition"):
        partition = step.table(action.references)
        if partition is None or not step.is_scanned(partition) or not step.matters(partition):
            continue
        yield report(
            CHECK,
            step,
            partition.short,
            f"Attaching {step.sized(partition)} reads all of it while the app can neither read nor write it, "
            f"{step.how_long()}; and it fails if a row lies outside of the bounds.",
            tables=[partition],
            advice="Say by a CHECK that all rows lie within the bounds, NOT VALID, validate it in the next revision, "
            "and then attach: the valid CHECK saves the scan. Build what indexes are missing concurrently before.",
            code=_code(step, action),
        )


def _code(step: LintStep, action: Action) -> str:
    parent = step.table(action.table)
    known = step.known(parent) if parent is not None else None
    condition = range_inside(step.statement.text, known.partition_key) if known is not None else ""
    if not condition or action.references is None:
        return ""
    table, name = as_written(action.references), quote(shorten(f"{action.references.name}_bounds"))
    return lines(
        execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"),
        next_revision("new rows are checked"),
        execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
        next_revision("the check is valid: nothing is read any more"),
        execute(plain(step.statement.text)),
        execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}"),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
