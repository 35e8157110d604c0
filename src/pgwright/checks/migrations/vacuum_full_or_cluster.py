"""Find VACUUM FULL and CLUSTER of tables that the app uses.

## What it does

Reports both where the twin saw a table written anew that is not small.

## Why it matters

The whole table and its indexes are written anew under ACCESS EXCLUSIVE. What they free is mostly taken again soon.

## Example

    op.execute("VACUUM FULL note")

Use instead:

    op.execute("VACUUM (ANALYZE) note")  # in autocommit_block(); pg_repack where the space must go back

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, VACUUM: FULL (https://www.postgresql.org/docs/current/sql-vacuum.html); pg_repack
(https://reorg.github.io/pg_repack/).
Also known as: squawk prefer-repack.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        kinds = {one.kind for one in step.statement.actions} & {"vacuum", "cluster"}
        tables = [one for one in step.statement.rewritten if step.matters(one)]
        if not kinds or not tables:
            continue
        word = "VACUUM FULL" if "vacuum" in kinds else "CLUSTER"
        yield report(
            CHECK,
            step,
            ", ".join(one.short for one in tables),
            f"{word} writes {', '.join(map(step.sized, tables))} anew while the app can neither read nor write it, "
            f"{step.how_long()}.",
            tables=tables,
            severity=step.severity(*tables),
            advice="Leave plain VACUUM to autovacuum, which makes the space usable again. Where it must go back to the "
            "disk, use pg_repack or pg_squeeze, outside of a revision.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
