"""Find transactions that work long while they hold a lock that the app waits for.

## What it does

Reports a transaction that first locks a table against writes or reads, and then reads, writes or indexes a table that
is not small. It names the tables that are locked meanwhile, though the work is on another, or would need a weaker lock.

## Why it matters

Locks are held to the end of their transaction. ADD COLUMN takes a moment; with a backfill or an index after it, the app
waits for these as well.

## Example

    op.add_column("owner", sa.Column("state", sa.Text()))
    op.create_index("ix_note_title", "note", ["title"])  # nobody reads or writes `owner` meanwhile

Use instead:

    op.add_column("owner", sa.Column("state", sa.Text()))

    # next revision
    with op.get_context().autocommit_block():
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

The app does not use the table that is locked.

## Source

PostgreSQL manual, Explicit Locking (https://www.postgresql.org/docs/current/explicit-locking.html).
Also known as: django-migration-linter CREATE_INDEX_EXCLUSIVE; pgReviewer "large-table DDL".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index, execute, next_revision
from pgwright.checks.lint_tables import LintStep, in_words, report, steps, waiting
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_reads, blocks_writes, strongest
from pgwright.model.migration import ActionKind, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import plain

# What lets the app read, at least, if it stands alone.
_LETS_READ: set[ActionKind] = {"create index", "add foreign key", "insert", "update", "delete", "merge", "select"}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    seen: set[tuple[str, int]] = set()
    for step in steps(pending):
        place = step.revision.revision, step.statement.transaction
        is_validation = {one.kind for one in step.statement.actions} == {"validate constraint"}  # has its own rule
        locked = _locked_meanwhile(step) if step.worked_on and not is_validation else []
        if locked and place not in seen:
            seen.add(place)
            yield _finding(step, locked)


def _locked_meanwhile(step: LintStep) -> list[QualifiedName]:
    lets_read = all(one.kind in _LETS_READ for one in step.statement.actions)
    found = [
        table
        for table, mode in step.held_before.items()
        if blocks_writes(mode) and not step.is_empty(table)
        if table not in step.worked_on or (lets_read and blocks_reads(mode))
    ]
    return sorted(found)


def _finding(step: LintStep, locked: list[QualifiedName]) -> Finding:
    mode = strongest(*(step.held_before[one] for one in locked))
    return report(
        CHECK,
        step,
        in_words(locked),
        f"While this works on {', '.join(map(step.sized, step.worked_on))}, {step.how_long()}, its transaction holds "
        f"{mode} on {in_words(locked)}: {waiting(mode)} of it wait until it ends.",
        tables=[*locked, *step.worked_on],
        severity=step.severity(*step.worked_on),
        advice="Let the transaction that locks end first: move the long work to a revision of its own, in its safe "
        "form.",
        code=_code(step),
    )


def _code(step: LintStep) -> str:
    text, action = plain(step.statement.text), step.statement.first
    if "%(" in text or action is None:  # its parameters are the revision's own
        return ""
    later = execute(text)
    if action.kind == "create index" and action.table is not None and not step.partitions(step.worked_on[0]):
        named = action.table
        later = concurrent_index(text, action.name, named.name, named.schema, is_unique=action.is_unique)
    return next_revision("this one has committed") + "\n" + later


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
