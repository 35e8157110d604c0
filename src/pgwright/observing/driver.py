"""psycopg as the revisions get it: each statement passes whoever watches, SQLAlchemy's and the app's own alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer

from pgwright.observing.watch import Lock, mode_of

_REPORT = "pgwright_lint locks "
Send = Callable[[Any, Any], Any]


class StatementWatcher(Protocol):
    """Who is told of each statement."""

    def run(self, connection: WatchedConnection, query: Any, parameters: Any, send: Send) -> Any:
        """Send a statement, or its parts one by one, by `send(query, parameters)`; return what that returns."""

    def watching_block(
        self, connection: WatchedConnection, query: Any, parameters: Any
    ) -> AbstractContextManager[None]:
        """Watch a statement that runs inside the block."""

    def ended(self, connection: WatchedConnection, *, is_kept: bool) -> None:
        """Take note that the connection's transaction is over, and whether by COMMIT."""


class WatchedConnection(psycopg.Connection[Any]):
    """A connection whose cursors tell its watcher, where it has one."""

    watcher: StatementWatcher | None = None
    is_alembics = False
    """It is the one that Alembic runs revisions on: a revision may have another besides."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursor_factory = WatchedCursor
        self.server_cursor_factory = WatchedServerCursor
        self.reported: set[Lock] = set()
        """The locks that its commands told at their end."""
        self.add_notice_handler(self._noticed)

    def _noticed(self, notice: psycopg.errors.Diagnostic) -> None:
        said = notice.message_primary or ""
        if said.startswith(_REPORT):
            pairs = (one.split(":") for one in said.removeprefix(_REPORT).split(","))
            self.reported |= {(int(oid), mode_of(mode)) for oid, mode in pairs}

    def commit(self) -> None:
        super().commit()
        self._ended(is_kept=True)

    def rollback(self) -> None:
        super().rollback()
        self._ended(is_kept=False)

    def _ended(self, *, is_kept: bool) -> None:
        if self.watcher is not None:
            self.watcher.ended(self, is_kept=is_kept)


class WatchedCursor(psycopg.Cursor[Any]):
    """A cursor that tells the watcher of its connection."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        def send(one: Any, values: Any) -> Any:
            return super(WatchedCursor, self).execute(one, values, **options)

        return _passed(self.connection, query, params, send)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        rows = list(params_seq)

        def send(one: Any, _: Any) -> Any:
            return super(WatchedCursor, self).executemany(one, rows, **options)

        _passed(self.connection, query, rows[0] if rows else None, send)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **options: Any) -> Iterator[psycopg.Copy]:
        inner = super().copy(statement, params, **options)
        watcher = getattr(self.connection, "watcher", None)
        if watcher is None:
            with inner as copy:
                yield copy
            return
        with watcher.watching_block(self.connection, statement, params), inner as copy:
            yield copy


class WatchedServerCursor(psycopg.ServerCursor[Any]):
    """A cursor of the server, for rows in portions, that tells the watcher too."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        def send(one: Any, values: Any) -> Any:
            return super(WatchedServerCursor, self).execute(one, values, **options)

        return _passed(self.connection, query, params, send)


def text_of(connection: psycopg.Connection[Any], query: Any, parameters: Any) -> tuple[str, bool]:
    """Return a statement as the server gets it, and whether it has parameters. Raises psycopg.Error, TypeError."""
    converted = PostgresQuery(Transformer.from_context(connection))
    converted.convert(query, parameters)
    return converted.query.decode(connection.info.encoding, "replace"), bool(converted.params)


def _passed(connection: Any, query: Any, parameters: Any, send: Send) -> Any:
    watcher = getattr(connection, "watcher", None)
    return send(query, parameters) if watcher is None else watcher.run(connection, query, parameters, send)
