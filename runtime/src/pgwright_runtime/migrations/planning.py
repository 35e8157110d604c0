"""What a run would do: the statements of each pending revision, the locks that they need, and who holds those now."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from pgwright_runtime.migrations import inside
from pgwright_runtime.migrations.holders import OldHolders, needs_of
from pgwright_runtime.migrations.looking import look_at


@dataclass(frozen=True)
class RevisionStatement:
    """A statement of a revision that has not run."""

    statement: str
    locks: tuple[tuple[str, str], ...]
    """Tables and modes, as far as the text says."""
    in_the_way: tuple[str, ...]
    """Who holds one of them so that the statement would wait, of those that are old."""
    is_bare: bool
    """It runs outside of a transaction only."""


@dataclass(frozen=True)
class PlannedRevision:
    """A revision that has not run."""

    revision: str
    message: str
    is_upgrade: bool
    statements: tuple[RevisionStatement, ...]
    unknown: str = ""
    """Why its statements are not known, all or those after the last one here; "" where they are."""


def plan_migrations(context: MigrationContext, *, old_s: float = 1) -> tuple[PlannedRevision, ...]:
    """Return the revisions that the command would run. Their Python runs, as by `--sql`; nothing is executed."""
    _, steps = inside.steps_of(context)
    plans = tuple(_planned(context, step, old_s) for step in steps) if inside.are_revisions(steps) else ()
    inside.settle(context)
    return plans


def _planned(context: MigrationContext, step: Any, old_s: float) -> PlannedRevision:
    output, unknown = io.StringIO(), ""
    offline = inside.as_offline(context, output)
    texts: list[str] = []
    inside.collect_statements(offline, texts)
    try:
        with Operations.context(offline):
            step.migration_fn()
    except Exception as error:  # noqa: BLE001 - a revision that reads the database may raise anything without one
        unknown = f"it needs the database to say what it does ({type(error).__name__}: {error})"
    return PlannedRevision(
        step.revision.revision,
        (step.doc or "").strip().partition("\n")[0],
        step.is_upgrade,
        tuple(_statements(context, texts, old_s)),
        unknown.partition("\n")[0],
    )


def _statements(context: MigrationContext, texts: list[str], old_s: float) -> Iterator[RevisionStatement]:
    connection = context.connection
    assert connection is not None
    for text in texts:
        look = look_at(text)
        if look.kind in ("session", "read"):
            continue
        held: list[str] = []
        with suppress(Exception), connection.begin_nested():
            held = OldHolders(old_s).of(connection, needs_of(look), 0)
        yield RevisionStatement(text.strip(), look.needs, tuple(held), look.is_bare)
