"""Find runs of revisions that wait for locks without an end.

## What it does

Reports pending revisions that lock tables of the app, where neither they, nor `env.py`, nor the role or the database
set a lock_timeout.

## Why it matters

A statement that waits for ACCESS EXCLUSIVE, behind one long query, holds up every other query of the table: they queue
behind it. Without a lock_timeout that lasts as long as the long query does. It is how most outages by migrations begin.

## Example

    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)

Use instead:

    with connectable.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '2s'")
        connection.commit()
        context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)

## When it is wrong

A pooler or the service's own settings set it, where we cannot see it.

## Source

PostgreSQL manual, lock_timeout (https://www.postgresql.org/docs/current/runtime-config-client.html).
Also known as: squawk require-timeout-settings; strong_migrations "Lock timeouts".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import environment_with
from pgwright.checks.lint_tables import LintStep, in_words, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined


def find(pending: PendingMigrations) -> Iterator[Finding | NotExamined]:
    environment = pending.environment
    all_locking = [(one, tables) for one in steps(pending) if (tables := _locked(one))]
    locking = [(one, tables) for one, tables in all_locking if not one.has_lock_timeout]
    if not locking or environment.runs_safely:
        return
    if environment.sets_lock_timeout is None:
        yield CHECK.unexamined("whether env.py sets a lock_timeout could not be read from it")
        return
    step = locking[0][0]
    without, all_ = (len({one.revision.revision for one, _ in found}) for found in (locking, all_locking))
    nothing = "Nothing sets a lock_timeout"
    if any(one.has_lock_timeout for one, _ in all_locking):
        nothing = f"{without} of {all_} revisions lock tables before or without a lock_timeout, and env.py sets none"
    tables = list(dict.fromkeys(table for _, found in locking for table in found))
    yield report(
        CHECK,
        step,
        environment.path or "env.py",
        f"{nothing}: while a revision waits for {in_words(tables)} behind a long query, all later "
        "queries of the table queue behind the revision, for as long as that query runs.",
        is_of_revision=False,
        tables=tables[:1],
        advice="Set a short lock_timeout in env.py, and run the revisions again when it runs out; or call "
        "run_migrations_safely() of pgwright_runtime.migrations, which does both.",
        code=environment_with("SET lock_timeout = '2s'"),
    )


def _locked(step: LintStep) -> list[QualifiedName]:
    found = {one.table for one in step.locks if blocks_writes(one.mode) and one.relation == one.table}
    return sorted(one for one in found if not step.is_empty(one))


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
