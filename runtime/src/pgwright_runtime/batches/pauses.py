"""What batches give way to: replicas that lag, locks that wait, load, and a vacuum that cannot follow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._sql import read_sql
from pgwright_runtime.batches.pace import Pace
from pgwright_runtime.batches.trouble import is_lost, said

_PACKAGE = "pgwright_runtime.batches"
_LOCKS = text(read_sql(_PACKAGE, "locks"))
_REPLICAS = text(read_sql(_PACKAGE, "replicas"))
_DEAD_ROWS = text(read_sql(_PACKAGE, "dead_rows"))
_SESSIONS = text(read_sql(_PACKAGE, "sessions"))
# The role's own may be shorter than a look takes on a busy server.
_LIMIT = text("SELECT set_config('statement_timeout', '5s', true)")
_WAITING = text(read_sql(_PACKAGE, "waiting"))

Cause = Literal["replica", "lock", "load", "vacuum"]
CAUSES: tuple[Cause, ...] = ("replica", "lock", "load", "vacuum")


class Pauses:
    """Looks between two batches whether there is a reason to wait."""

    def __init__(self, engine: Engine, pace: Pace) -> None:
        self._engine, self._pace = engine, pace
        self._unwatched: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not watched, with the reason."""
        return tuple(f"{what} not watched, because {reason}" for what, reason in self._unwatched.items())

    def look(self, tables: Sequence[str]) -> tuple[Cause, str] | None:
        """Return why to wait, as a cause and in words; None: there is no reason."""
        names = {"tables": json.dumps(list(tables))}
        try:
            return self._look(names)
        except DBAPIError as error:
            if not is_lost(error):
                raise
            return self._look(names)  # an idle connection that somebody ended; the pool gives a new one

    def _look(self, names: dict[str, str]) -> tuple[Cause, str] | None:
        with self._engine.connect() as connection:
            connection.execute(_LIMIT)
            return next(self._reasons(connection, names), None)

    def _reasons(self, connection: Connection, names: dict[str, str]) -> Iterator[tuple[Cause, str]]:
        for row in connection.execute(_LOCKS, names):
            yield "lock", f"process {row.pid} waits for {row.mode} on {row.table_name}"
        yield from self._of_load(connection)
        yield from self._of_vacuum(connection, names)
        yield from self._of_replicas(connection)

    def _of_load(self, connection: Connection) -> Iterator[tuple[Cause, str]]:
        row = connection.execute(_SESSIONS).one()
        if row.is_visible is False:
            self._unwatched["the load is"] = "the role may not see what others run; GRANT pg_monitor TO it"
        elif row.active > self._pace.active_sessions:
            limit = self._pace.active_sessions
            yield "load", f"{row.active:,} sessions run a statement at the same moment, more than {limit:,}"

    def _of_vacuum(self, connection: Connection, names: dict[str, str]) -> Iterator[tuple[Cause, str]]:
        for row in connection.execute(_DEAD_ROWS, names):
            what = f"the dead rows of {row.table_name} are"
            if not row.is_vacuumed:
                self._unwatched[what] = "autovacuum is off; run VACUUM afterwards"
                continue
            limit = max(self._pace.dead_rows_factor * row.threshold, self._pace.dead_rows_floor)
            if row.dead > limit:
                yield (
                    "vacuum",
                    f"{row.table_name} has {row.dead:,.0f} dead rows, more than {limit:,.0f}; autovacuum is due",
                )

    def _of_replicas(self, connection: Connection) -> Iterator[tuple[Cause, str]]:
        what = "replicas are"
        if self._unwatched.get(what, "").startswith("the server refuses"):
            return
        try:
            rows = connection.execute(_REPLICAS).all()
        except DBAPIError as error:  # a managed server may have its own kind of replication
            if is_lost(error):
                raise
            self._unwatched[what] = f"the server refuses it: {said(error)}"
            return
        # One that vanishes has no row any more, and nobody waits for it.
        self._unwatched.pop(what, None)
        for row in rows:
            if not row.is_visible:
                self._unwatched[what] = "the role may not see them; GRANT pg_monitor TO it"
            elif row.bytes is not None and row.bytes > self._pace.lag_bytes:
                yield "replica", f"the replica {row.name} is {row.bytes / 2**20:,.1f} MB behind"
            elif row.seconds is not None and row.seconds > self._pace.lag_s:
                yield "replica", f"the replica {row.name} is {row.seconds:,.1f} s behind"


def sessions_waiting(connection: Connection) -> int:
    """Return how many sessions wait for a lock of this transaction."""
    return int(connection.execute(_WAITING).scalar_one())
