"""Notes, whose titles are to be found in small letters: a backfill as a revision declares it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine

import pgwright_runtime.backfills.alembic  # noqa: F401
from pgwright_runtime.batches import Pace

NAME = "note_title_lower"
SETS = {"title_lower": "lower(title)"}
WHERE = "title_lower IS NULL"
QUICK = Pace(busy=1)


@contextmanager
def revising(engine: Engine) -> Iterator[Any]:
    """Give `op`, as a revision has it, in a transaction."""
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)) as op:
        yield op


def declare(engine: Engine, name: str = NAME, **changes: Any) -> None:
    with revising(engine) as op:
        op.declare_backfill(name, **{"table": "note", "sets": SETS, "where": WHERE, **changes})
