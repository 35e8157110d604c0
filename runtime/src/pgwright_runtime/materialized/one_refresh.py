"""One refresh, in one transaction: the lock, the data, and their moment come and go together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Connection, Engine, exc, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from pgwright_runtime._locks import take_lock
from pgwright_runtime.materialized.catalog import ViewState
from pgwright_runtime.materialized.results import RefreshResult
from pgwright_runtime.materialized.view import MaterializedView

_LIMIT = text("SELECT set_config('statement_timeout', :statement, true), set_config('lock_timeout', :lock, true)")
_UNDEFINED_TABLE = "42P01"
_NO_PRIVILEGE = "42501"


@dataclass(frozen=True)
class RefreshTimeouts:
    """Limits of one refresh, in place of those that its connection has. 0: none."""

    statement_ms: int = 15 * 60_000
    lock_ms: int = 5_000
    """A refresh by hand, or a change of a table that is read, is waited for so long."""


def refresh_one(
    engine: Engine,
    view: MaterializedView,
    state: ViewState,
    sources: list[MaterializedView] | None,
    timeouts: RefreshTimeouts,
    *,
    is_forced: bool,
) -> RefreshResult:
    """Refresh a view if it is due, or in any case if that is forced, unless another program is at it.

    Args:
        sources: the views whose data it reads; None: not all of them are known, so neither is the age of its data.
    """
    started = time.monotonic()
    try:
        with _begin(engine) as connection, connection.begin():
            if not take_lock(connection, f"materialized:{state.oid}"):
                return RefreshResult(view.fullname, "refreshed elsewhere")
            is_due, data_at = _look(connection, view)
            if not (is_forced or is_due or not state.is_populated):
                return RefreshResult(view.fullname, "not due", data_at=data_at)
            limits = {"statement": str(timeouts.statement_ms), "lock": str(timeouts.lock_ms)}
            connection.execute(_LIMIT, limits)
            data_at = _data_at(connection, sources)
            how = "CONCURRENTLY " if state.is_populated else ""  # nobody can read it yet, and it cannot be compared
            _run(connection, f"REFRESH MATERIALIZED VIEW {how}{view.quoted}")
            _record(connection, view, data_at)
    except exc.SQLAlchemyError as error:
        return RefreshResult(view.fullname, "failed", time.monotonic() - started, error=explain(error))
    return RefreshResult(view.fullname, "refreshed", time.monotonic() - started, data_at)


def _begin(engine: Engine) -> Connection:
    """Open a connection that commits when told to, whatever the engine's own isolation level is."""
    return engine.connect().execution_options(isolation_level="READ COMMITTED")


def _look(connection: Connection, view: MaterializedView) -> tuple[bool, datetime | None]:
    """Return whether a view is due, by the server's clock, and the moment of its data."""
    table, now = view.refreshes, func.clock_timestamp()
    # What lies ahead was written before the clock was set back: else the view would wait until it has caught up.
    is_due = or_(table.c.refreshed_at.is_(None), table.c.refreshed_at > now, now - table.c.refreshed_at >= view.every)
    found = connection.execute(select(is_due, table.c.data_at).where(table.c.view_name == view.name)).one_or_none()
    return (True, None) if found is None else (bool(found[0]), found[1])


def _data_at(connection: Connection, sources: list[MaterializedView] | None) -> datetime | None:
    """Return what the data will show: this transaction's beginning, or the oldest data among what is read.

    Read before the refresh takes its snapshot, so the data are never older than said.
    """
    if sources is None:
        return None
    moments: list[Any] = [connection.scalar(select(func.now()))]
    for source in sources:
        own = source.refreshes
        moments.append(connection.scalar(select(own.c.data_at).where(own.c.view_name == source.name)))
    return None if None in moments else min(moments)


def _record(connection: Connection, view: MaterializedView, data_at: datetime | None) -> None:
    values = {"refreshed_at": func.now(), "data_at": data_at, "every": view.every, "max_age": view.max_age}
    adding = insert(view.refreshes).values(view_name=view.name, **values)
    connection.execute(adding.on_conflict_do_update(index_elements=["view_name"], set_=values))


def _run(connection: Connection, statement: str) -> None:
    # Not text(), which would take a colon in a name for a parameter.
    connection.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


def explain(error: exc.SQLAlchemyError) -> str:
    """Return what went wrong and what to do next; the details that the server adds may hold rows, and stay out."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    message = str(original).strip().partition("\n")[0]
    if state == _UNDEFINED_TABLE:
        message += ". Does the database have the app's last revisions?"
    elif state == _NO_PRIVILEGE:
        message += (
            ". Connect as the owner of the view, or from PostgreSQL 17 on with MAINTAIN on it, "
            "with the right to write pgwright_refreshes"
        )
    return f"{message} (SQLSTATE {state})" if state else message
