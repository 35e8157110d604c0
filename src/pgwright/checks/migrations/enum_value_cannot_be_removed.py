"""Find new values of an enum that a downgrade leaves, and that the next upgrade then fails over.

## What it does

Reports ALTER TYPE … ADD VALUE without IF NOT EXISTS. Where `downgrade()` makes the type anew without the value, it
reports that instead.

## Why it matters

The server cannot take a value from an enum. After a downgrade the value is still there, and the next upgrade fails with
`enum label … already exists`. A downgrade that makes the type anew writes each table that uses it anew, behind an
exclusive lock, and fails if a row has the value.

## Example

    op.execute("ALTER TYPE state ADD VALUE 'lost'")

Use instead:

    op.execute("ALTER TYPE state ADD VALUE IF NOT EXISTS 'lost'")   # and a downgrade that leaves it

## When it is wrong

The database is never downgraded.

## Source

PostgreSQL manual, ALTER TYPE: Notes.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import quote, quote_literal


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[str] = set()
    for step, action in parts(pending, "create enum", "add enum value"):
        if action.kind == "create enum":
            made.add(action.name)
            continue
        if action.type in made:
            continue
        retyped = _retyped(step, action)
        if retyped or not action.if_exists:
            yield _finding(step, action, is_remade=retyped)


def _retyped(step: LintStep, action: Action) -> bool:
    """Tell whether the downgrade makes the type anew and changes columns to it."""
    down = step.revision.downgrade.statements if step.revision.downgrade is not None else ()
    actions = [one for each in down for one in each.actions]
    makes = any(one.kind == "create enum" for one in actions)
    return makes and any(one.kind == "change type" for one in actions)


def _finding(step: LintStep, action: Action, *, is_remade: bool) -> Finding:
    value = f"The value {action.name} of {action.type}"
    message = (
        f"{value} cannot be removed: the downgrade makes the type anew, writes each of its tables anew behind an "
        "exclusive lock, and fails if a row has the value."
        if is_remade
        else f"{value} stays after a downgrade, and the next upgrade fails: the label already exists."
    )
    return report(
        CHECK,
        step,
        f"{action.type} ({action.name})",
        message,
        severity="medium" if is_remade else "low",
        advice="Add it with IF NOT EXISTS and let the downgrade leave it: an unused value does no harm.",
        code=execute(f"ALTER TYPE {quote(action.type)} ADD VALUE IF NOT EXISTS {quote_literal(action.name).strip()}"),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
