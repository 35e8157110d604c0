"""Find downgrades that lose what was there before the upgrade.

## What it does

Reports a `downgrade()` that drops a table or a column which the upgrade did not make, that narrows a type and cuts the
values with it, or that deletes rows the upgrade did not insert. What the upgrade itself made may go again.

## Why it matters

A downgrade is run in a hurry, to get back to a state that worked. It must not destroy what was there all along.

## Example

    def downgrade():
        op.execute("ALTER TABLE note ALTER title TYPE varchar(20) USING left(title, 20)")

Use instead:

    def downgrade():
        # text holds all that varchar(20) held: the type may stay
        pass

## When it is wrong

What it takes can be had again.

## Source

PostgreSQL manual, ALTER TABLE: a conversion by USING is what the expression says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_python import report_revision
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import Action, ObservedRevision, ObservedStatement, PendingMigrations

_CUTS = re.compile(r"\b(left|substr|substring|overlay|trunc|round|floor|nullif|case|coalesce)\b|::", re.IGNORECASE)
_LENGTH = re.compile(r"\((\d+)")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        if revision.downgrade is None:
            continue
        for statement in revision.downgrade.statements:
            lost = next((found for one in statement.actions if (found := _lost(revision, one))), "")
            if lost:
                yield _finding(revision, statement, lost)
                break  # one line a revision


def _lost(revision: ObservedRevision, down: Action) -> str:
    """Return what a part of the downgrade loses, in words; "" where it is nothing."""
    table = down.table.name if down.table is not None else ""
    up = [one for each in revision.upgrade.statements for one in each.actions]
    mine = [one for one in up if one.table is not None and one.table.name == table]
    if down.kind == "drop table":
        made = any(one.kind in ("create table", "create table as") for one in mine)
        renamed = any(one.kind == "rename table" and one.new_name == table for one in up)
        return "" if made or renamed or down.if_exists else f"drops the table {table}, which the upgrade did not make"
    if down.kind == "drop column":
        made = any(one.kind == "add column" and one.name == down.name for one in mine)
        renamed = any(one.kind == "rename column" and one.new_name == down.name for one in mine)
        is_whole = any(one.kind == "create table" for one in mine)
        known = made or renamed or is_whole or down.if_exists
        return "" if known else f"drops {down.name} of {table}, which the upgrade did not add"
    if down.kind == "change type" and down.default and _CUTS.search(down.default) and _narrows(down):
        return f"cuts the values of {down.name} to {down.type}"
    if down.kind == "truncate":
        made = any(one.kind in ("insert", "copy", "create table") for one in mine)
        return "" if made else f"empties {table}, which the upgrade did not fill"
    return ""


def _narrows(down: Action) -> bool:
    """Tell whether a cast cuts: left(…, 20), or a conversion to a type of limited length."""
    is_function = re.search(r"\b(left|substr|substring|trunc|floor)\b", down.default or "", re.IGNORECASE) is not None
    return is_function or _LENGTH.search(down.type) is not None


def _finding(revision: ObservedRevision, statement: ObservedStatement, lost: str) -> Finding:
    return report_revision(
        CHECK,
        revision,
        "downgrade()",
        f"downgrade() {lost}: that was there before, and is lost.",
        place=statement.place,
        evidence=(Evidence("statement", " ".join(statement.text.split())[:300]),),
        advice="Undo what upgrade() did and no more; a wider type may stay.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
