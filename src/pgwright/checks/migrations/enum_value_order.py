"""Find new values of an enum that go to its end, though something sorts by it.

## What it does

Reports ALTER TYPE … ADD VALUE without BEFORE or AFTER, where an index has a column of the type, or a statement of the
workload sorts by one.

## Why it matters

Enums sort in the order of their values, not by their text. A value at the end sorts last, and is greater than all
others, which is not what `medium` means after `small` and `large`; it cannot be moved later.

## Example

    op.execute("ALTER TYPE size ADD VALUE IF NOT EXISTS 'medium'")

Use instead:

    op.execute("ALTER TYPE size ADD VALUE IF NOT EXISTS 'medium' AFTER 'small'")

## When it is wrong

The end is where it belongs: say so by AFTER.

## Source

PostgreSQL manual, Enumerated Types: Ordering.
Also known as: squawk require-enum-value-ordering.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations

_PLACED = re.compile(r"\b(before|after)\s+'", re.IGNORECASE)
_SORTS = re.compile(r"\border\s+by\b(.*)", re.IGNORECASE | re.DOTALL)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add enum value"):
        if _PLACED.search(step.statement.text) or (sorted_by := _sorted_by(step, action.type)) is None:
            continue
        yield report(
            CHECK,
            step,
            f"{action.type} ({action.name})",
            f"{action.name} goes to the end of {action.type} and sorts after every other value, though {sorted_by}. "
            "It cannot be moved later.",
            evidence=[Evidence("sorted by it", sorted_by)],
            advice="Say where it belongs: BEFORE or AFTER another value.",
        )


def _sorted_by(step: LintStep, type_name: str) -> str | None:
    """Return what depends on the order of a type's values."""
    snapshot = step.pending.snapshot
    for table in snapshot.tables if snapshot is not None else ():
        for column in table.columns:
            if column.base_type != type_name or snapshot is None:
                continue
            for index in snapshot.indexes_by_table.get(table.name, ()):
                if column.name in index.definition.columns:
                    return f"the index {index.name.name} has {table.name.short} ({column.name})"
            word = re.compile(rf"\b{re.escape(column.name)}\b")
            for one in snapshot.statements:
                ordered = _SORTS.search(one.text) if table.name.name in one.text else None
                if ordered is not None and word.search(ordered[1]):
                    return f"a statement that ran {one.calls:,} times sorts by {column.name}"
    return None


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="possible", find=find)
