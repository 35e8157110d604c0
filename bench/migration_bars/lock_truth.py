"""What a statement excludes on a server with rows, found out by those whom it excludes.

Nobody reads the statement's own locks here. While its transaction is open, another session asks for each mode of each
relation, and is refused or not. What runs in no transaction is sent while another session holds a mode of a relation:
where it waits for that relation, it asks for something that the mode excludes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql

from pgwright.model.locks import LOCK_MODES

Refused = Mapping[str, frozenset[str]]
"""By relation, as people say it: the modes, and the statements, that have to wait."""

SCHEMA = "app"
READ, COMMENT = "read it", "comment on it"
"""What is asked of relations that LOCK TABLE does not take."""
_MOST_SECONDS = 20.0
_RELATIONS = """
SELECT nspname, relname, relkind::text, coalesce(indrelid::regclass::text, '') FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace LEFT JOIN pg_index ON indexrelid = pg_class.oid
WHERE nspname = 'app' AND relkind IN ('r', 'p', 'm', 'v', 'S', 'i', 'I') ORDER BY relname
"""
_KINDS = {"m": "MATERIALIZED VIEW", "v": "VIEW", "S": "SEQUENCE", "i": "INDEX", "I": "INDEX"}
_STATE = "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE pid = %s"


class Source:
    """A database of a server with rows, made anew for each statement."""

    def __init__(self, dsn: str, base: str, rows: str) -> None:
        self._dsn, self._base, self._rows = dsn, base, rows

    def refused(self, statement: str, before: str) -> Refused:
        """Return what waits while the transaction of a statement is open."""
        self._make(before)
        with self._open() as probing:
            relations = list(_relations(probing))
            with psycopg.connect(self._dsn, autocommit=False) as working:
                working.execute("SET search_path = app")
                working.execute(statement.encode())
                found = {name: frozenset(_asked(probing, name, kind)) for name, kind in relations}
                working.rollback()
        return {name: refused for name, refused in found.items() if refused}

    def refused_alone(self, statement: str, before: str) -> Refused:
        """Return, of each table, which modes a statement waits for that runs in no transaction."""
        self._make(before)
        with self._open() as probing:
            tables = [(name, kind) for name, kind in _relations(probing) if kind in ("r", "p", "m")]
        found: dict[str, frozenset[str]] = {}
        for name, kind in tables:
            *others, most = _holdable(kind)
            # What does not even wait for the mode that excludes all asks for nothing.
            if self._waits(statement, before, name, kind, most):
                waits = {mode for mode in others if self._waits(statement, before, name, kind, mode)}
                found[name] = frozenset({most, *waits})
        return found

    def _waits(self, statement: str, before: str, name: str, kind: str, mode: str) -> bool:
        self._make(before)
        ended = threading.Event()
        with self._open() as holding, self._open() as looking, self._open() as working:
            working.execute("SET search_path = app")
            holding.execute("BEGIN")
            holding.execute(_holding(name, kind, mode))

            def work() -> None:
                try:
                    working.execute(statement.encode())
                finally:
                    ended.set()

            thread = threading.Thread(target=work)
            thread.start()
            waits = _waits_for_relation(looking, working.info.backend_pid, ended)
            holding.execute("ROLLBACK")
            thread.join()
        return waits

    def _make(self, before: str) -> None:
        with self._open() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}".encode())
            connection.execute("SET search_path = app")
            connection.execute(f"{self._base}; {self._rows}".encode())
            if before:
                connection.execute(before.encode())

    def _open(self) -> psycopg.Connection:
        return psycopg.connect(self._dsn, autocommit=True)


def _relations(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    for _, name, kind, _ in connection.execute(_RELATIONS).fetchall():
        yield name, kind


def _asked(probing: psycopg.Connection, name: str, kind: str) -> Iterator[str]:
    """Yield what another session is refused of a relation."""
    identifier = sql.Identifier(SCHEMA, name)
    probing.execute("SET lock_timeout = '20ms'")
    if kind in ("r", "p"):
        for mode in LOCK_MODES:
            lock = sql.SQL("LOCK TABLE ONLY {} IN {} MODE NOWAIT").format(identifier, sql.SQL(mode))
            if _is_refused(probing, lock):
                yield mode
        return
    if _is_refused(probing, sql.SQL("COMMENT ON {} {} IS 'asked'").format(sql.SQL(_KINDS[kind]), identifier)):
        yield COMMENT
    # A view reads what it is made of, and an index is read with its table: those are asked for themselves.
    if kind in ("m", "S") and _is_refused(probing, sql.SQL("SELECT 1 FROM {} LIMIT 0").format(identifier)):
        yield READ


def _is_refused(probing: psycopg.Connection, statement: sql.Composed) -> bool:
    try:
        with probing.transaction(force_rollback=True):
            probing.execute(statement)
    except psycopg.errors.LockNotAvailable:
        return True
    return False


def _holdable(kind: str) -> tuple[str, ...]:
    return (READ, COMMENT) if kind == "m" else LOCK_MODES


def _holding(name: str, kind: str, mode: str) -> sql.Composed:
    identifier = sql.Identifier(SCHEMA, name)
    if mode == READ:
        return sql.SQL("SELECT 1 FROM {} LIMIT 0").format(identifier)
    if mode == COMMENT:
        return sql.SQL("COMMENT ON {} {} IS 'held'").format(sql.SQL(_KINDS[kind]), identifier)
    return sql.SQL("LOCK TABLE ONLY {} IN {} MODE").format(identifier, sql.SQL(mode))


def _waits_for_relation(looking: psycopg.Connection, pid: int, ended: threading.Event) -> bool:
    """Wait until a session waits for a relation, or for a transaction, or is done; tell whether for a relation."""
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline and not ended.is_set():
        row = looking.execute(_STATE, (pid,)).fetchone()
        if row is not None and row[0] == "Lock":
            return bool(row[1] == "relation")
        ended.wait(0.002)
    return False
