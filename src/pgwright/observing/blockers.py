"""The locks of a statement that runs in no transaction of ours, such as CREATE INDEX CONCURRENTLY.

Such a statement holds its locks too shortly to be read. So other sessions hold locks on what it names, each of which
makes it wait; while it waits, what it holds and what it asks for is read. Then the lock is handed on: the next session
asks for it first, behind the statement, so that whatever the statement asks for later, once it has let go of its own,
is seen as well. Nothing depends on how fast anybody looks.
"""

from __future__ import annotations

import select
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from pgwright.model.migration import RelationKind
from pgwright.model.names import quote
from pgwright.observing.watch import Lock, SeenRelation, ask, locks_of

_PAUSE_SECONDS = 0.002
_MOST_SECONDS = 60.0
_WHO_BLOCKS = b"SELECT unnest(pg_catalog.pg_blocking_pids(%s))"
_HAS_ASKED = b"""
SELECT FROM pg_catalog.pg_locks WHERE pid = %s AND locktype = 'relation' AND relation = %s::int8::oid
    AND mode IN ('AccessExclusiveLock', 'ShareUpdateExclusiveLock')
"""
# LOCK TABLE takes tables alone. COMMENT takes SHARE UPDATE EXCLUSIVE on anything, and touches nothing else.
_HOLDING: Mapping[RelationKind, str] = {
    "table": "LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE",
    "partitioned table": "LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE",
    "index": "COMMENT ON INDEX {} IS ''",
    "materialized view": "COMMENT ON MATERIALIZED VIEW {} IS ''",
}


class Blocker:
    """A session that holds a lock on one relation, or waits for it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._pgconn = connection.pgconn
        self.pid = connection.info.backend_pid

    def ask_for(self, statement: str) -> None:
        """Ask for a lock, without waiting for it."""
        self._pgconn.send_query(f"BEGIN; {statement}".encode())

    def has_it(self) -> bool:
        """Wait until the lock is there, or refused."""
        return all(one == ExecStatus.COMMAND_OK for one in self._answers())

    def let_go(self, watching: psycopg.Connection[Any]) -> None:
        """Hold and wait for nothing any more."""
        if self._pgconn.transaction_status == TransactionStatus.ACTIVE:
            ask(watching, b"SELECT pg_catalog.pg_cancel_backend(%s)", self.pid)
        list(self._answers())
        self._pgconn.send_query(b"ROLLBACK")
        list(self._answers())

    def _answers(self) -> Iterator[int]:
        while True:
            while self._pgconn.is_busy():
                select.select([self._pgconn.socket], [], [])
                self._pgconn.consume_input()
            result = self._pgconn.get_result()
            if result is None:
                return
            yield result.status


@dataclass
class _Gate:
    """One relation, with the session that holds it and the one that comes next."""

    oid: int
    statement: str
    holder: Blocker
    next: Blocker

    def hand_on(self, watching: psycopg.Connection[Any], done: Event) -> None:
        self.next.ask_for(self.statement)
        while not ask(watching, _HAS_ASKED, self.next.pid, self.oid) and not done.is_set():
            done.wait(_PAUSE_SECONDS)
        self.holder.let_go(watching)
        self.holder, self.next = self.next, self.holder


@dataclass
class SeenLocks:
    """What was seen of a statement's locks."""

    held: set[Lock] = field(default_factory=set)
    asked: set[Lock] = field(default_factory=set)

    def add(self, locks: Iterable[tuple[Lock, bool]]) -> None:
        for lock, is_held in locks:
            (self.held if is_held else self.asked).add(lock)


class Blockers:
    """Sessions of ours that make a statement wait."""

    def __init__(self, watching: psycopg.Connection[Any], sessions: Sequence[psycopg.Connection[Any]]) -> None:
        """Args: sessions: two for each relation that can be held at a time."""
        self._watching = watching
        self._sessions = [Blocker(one) for one in sessions]

    @property
    def most(self) -> int:
        """How many relations can be held at a time."""
        return len(self._sessions) // 2

    @contextmanager
    def seen(self, pid: int, relations: Sequence[tuple[int, SeenRelation]]) -> Iterator[SeenLocks]:
        """See the locks that the statement of a session, which is sent inside the block, takes on some relations."""
        seen, done = SeenLocks(), Event()
        gates = list(self._gates(relations))
        thread = Thread(target=self._watch, args=(pid, gates, seen, done), daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            done.set()
            thread.join(_MOST_SECONDS)
            for gate in gates:
                for one in (gate.holder, gate.next):
                    one.let_go(self._watching)

    def _gates(self, relations: Sequence[tuple[int, SeenRelation]]) -> Iterator[_Gate]:
        for number, (oid, relation) in enumerate(relations[: self.most]):
            if (pattern := _HOLDING.get(relation.kind)) is None:
                continue
            name = f"{quote(relation.name.schema)}.{quote(relation.name.name)}"
            gate = _Gate(oid, pattern.format(name), *self._sessions[2 * number : 2 * number + 2])
            gate.holder.ask_for(gate.statement)
            if gate.holder.has_it():
                yield gate
            else:
                gate.holder.let_go(self._watching)

    def _watch(self, pid: int, gates: Sequence[_Gate], seen: SeenLocks, done: Event) -> None:
        while not done.is_set():
            blocking = {row[0] for row in ask(self._watching, _WHO_BLOCKS, pid)}
            in_the_way = [gate for gate in gates if gate.holder.pid in blocking]
            if not in_the_way:
                done.wait(_PAUSE_SECONDS)
                continue
            seen.add(locks_of(self._watching, pid))
            for gate in in_the_way:
                gate.hand_on(self._watching, done)
