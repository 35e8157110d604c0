"""The revision that is measured: a column for a value that is made from others, over the events of `retention`."""

from __future__ import annotations

import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations

import pgwright_runtime.backfills.alembic  # noqa: F401
from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine

NAME = "event_kind_key"
SETS = {"kind_key": "upper(kind)"}


def declare(server: EmbeddedServer, database: str) -> None:
    """Run what a revision would say."""
    engine = create_engine(server.url(database))
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)) as op:
        op.add_column("event", sqlalchemy.Column("kind_key", sqlalchemy.Text))
        op.declare_backfill(  # type: ignore[attr-defined]
            NAME, table="event", sets=SETS, where="kind_key IS NULL", keep_filled=True
        )
    engine.dispose()
