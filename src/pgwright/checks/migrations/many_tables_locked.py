"""Find transactions that lock several tables of the app, one after the other.

## What it does

Reports a transaction whose statements take, one by one, locks on more than two tables that make writes wait. New and
small tables do not count.

## Why it matters

While it waits for the second table, it holds the first: the app's queries queue behind both. And a transaction of the
app that uses the same tables in another order ends in a deadlock with it.

## Example

    op.add_column("note", sa.Column("state", sa.Text()))
    op.add_column("owner", sa.Column("state", sa.Text()))
    op.add_column("tag", sa.Column("state", sa.Text()))

Use instead:

    op.add_column("note", sa.Column("state", sa.Text()))  # one table a revision, with a lock_timeout

## When it is wrong

The tables are written by nobody while the revision runs.

## Source

PostgreSQL manual, Explicit Locking: Deadlocks
(https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, in_words, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import ObservedStatement, PendingMigrations
from pgwright.model.names import QualifiedName

# A foreign key locks two by itself.
MOST_TABLES = 2


def find(pending: PendingMigrations) -> Iterator[Finding]:
    told: set[str] = set()
    for step in reversed([*steps(pending)]):
        tables = _locked(step) if not step.after and step.revision.revision not in told else []
        if len(tables) > MOST_TABLES:
            told.add(step.revision.revision)
            yield report(
                CHECK,
                step,
                in_words(tables),
                f"One transaction locks {in_words(tables)} one after the other: while it waits for the next, it holds "
                "those before, and may end in a deadlock with the app.",
                tables=tables,
                advice="Lock one table a revision, each with a transaction of its own and a lock_timeout.",
            )


def _locked(step: LintStep) -> list[QualifiedName]:
    """Return the tables that stay, once two or more statements have locked some of them."""
    tables = [one for one, mode in step.held.items() if blocks_writes(mode) and step.matters(one)]
    first = next(iter(step.before), step.statement)
    kept = [one for one in tables if not LintStep(step.pending, step.revision, first, 0).is_dropped_later(one)]
    by = sum(any(lock.table in kept and blocks_writes(lock.mode) for lock in one.locks) for one in _all(step))
    return kept if by > 1 else []


def _all(step: LintStep) -> tuple[ObservedStatement, ...]:
    return (*step.before, step.statement)


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
