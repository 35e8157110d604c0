"""Look before and after each statement that a revision sends, and remember what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from pglast import split
from psycopg.pq import TransactionStatus

from pgwright.model.finding import CodeLine
from pgwright.model.migration import Action, ObservedStatement, TakenLock
from pgwright.observing.blockers import Blockers
from pgwright.observing.differences import difference
from pgwright.observing.driver import Send, WatchedConnection, text_of
from pgwright.observing.frames import AUTOCOMMIT_BLOCK, Call, call_of
from pgwright.observing.lent import Lent
from pgwright.observing.said import said
from pgwright.observing.targets import names_any, targets
from pgwright.observing.watch import Lock, State, ask, described, locks_of, look
from pgwright.sqltext.actions import count_statements, read_actions
from pgwright.sqltext.relations import asks_catalog_alone, named_relations

_NEEDS_NONE = ("25001", "2D000")
"""ACTIVE SQL TRANSACTION, INVALID TRANSACTION TERMINATION: of what runs outside of transactions only."""
_OF_TRANSACTIONS = {"begin", "commit", "rollback", "savepoint"}
_UNSEEN = "it names no table to hold it up at, and runs in no transaction of ours, so its locks could not be read"
_UNSEEN_PART = "it was held up at {} of the {} tables that it works on, and the locks on the others were not seen"
# The column of pg_index.
_INVALID = "indisvalid"
_REPORT = b"SELECT pg_catalog.set_config('pgwright_lint.reports', 'on', false)"


@dataclass
class _Session:
    """What is known of one connection of the revision."""

    number: int = 0
    """Of its transaction."""
    is_over: bool = True
    is_autocommit: bool = False
    """The revision is outside of any transaction: the one that is open is of our making."""
    held: frozenset[Lock] = frozenset()
    state: State = field(default_factory=State)


@dataclass(frozen=True)
class _Statement:
    text: str
    call: Call
    send: Callable[[], Any]
    actions: tuple[Action, ...]

    @classmethod
    def of(cls, text: str, call: Call, send: Callable[[], Any]) -> _Statement:
        return cls(text, call, send, read_actions(text))


@dataclass
class Recorder:
    """Watches the connections of one function of one revision.

    A statement outside of transactions runs in one of ours, so that its locks can be read, unless the server wants none
    around it: then other sessions hold it up.
    """

    path: str
    """Of the revision's file, as Python has it."""
    shown_path: str
    known: State
    """Before the revision."""
    watching: psycopg.Connection[Any]
    """A session beside it, in autocommit."""
    blockers: Blockers
    lent: Lent
    is_lenient: bool = False
    """What fails is undone alone, and what ran before it stays."""
    is_blind: bool = False
    """Nothing is looked at: the statements are only to run."""
    statements: list[ObservedStatement] = field(default_factory=list)
    unseen: dict[int, str] = field(default_factory=dict)
    """Lines whose locks could not be read, with the reason."""
    has_committed: bool = False
    """It did what cannot be rolled back any more."""
    _sessions: dict[int, _Session] = field(default_factory=dict)
    _transactions: int = 0
    _has_looked: bool = False
    """For invalid indexes, since the last one was built."""

    @cached_property
    def _known(self) -> frozenset[int]:
        return frozenset(self.known.relations)

    def run(self, connection: WatchedConnection, query: Any, parameters: Any, send: Send) -> Any:
        """Send a statement, or each of several in one text, and remember what it did."""
        call = call_of(self.path)
        if call is None:
            return send(query, parameters)
        text, has_parameters = text_of(connection, query, parameters)
        is_one = has_parameters or (count_statements(text) or 1) < 2
        parts = [text] if is_one else list(split(text))
        if len(parts) < 2:
            return self._send(connection, _Statement.of(text, call, lambda: send(query, parameters)))
        last = None
        with self._in_transaction(connection):  # as the server runs a text of several statements
            for part in parts:
                last = self._send(connection, _Statement.of(part, call, lambda one=part: send(one, None)))  # type: ignore[misc]
        return last

    @contextmanager
    def watching_block(self, connection: WatchedConnection, query: Any, parameters: Any) -> Iterator[None]:
        """Remember what a statement does that is sent inside the block."""
        call = call_of(self.path)
        if call is None:
            yield
            return
        text, _ = text_of(connection, query, parameters)
        with self._in_transaction(connection), self._watched(connection, _Statement.of(text, call, lambda: None)):
            yield

    def ended(self, connection: WatchedConnection, *, is_kept: bool) -> None:
        """The connection's transaction is over."""
        session, call = self._session(connection), call_of(self.path)
        session.is_over = True
        self.has_committed |= is_kept and bool(self.statements)
        if call is not None and connection.is_alembics and call.operation != AUTOCOMMIT_BLOCK:
            self._add(_Statement.of("COMMIT" if is_kept else "ROLLBACK", call, lambda: None), session)

    def _send(self, connection: WatchedConnection, statement: _Statement) -> Any:
        kinds = {one.kind for one in statement.actions}
        if kinds & _OF_TRANSACTIONS or not _is_outside(connection):
            return self._watch(connection, statement)
        try:
            with self._in_transaction(connection):
                return self._watch(connection, statement)
        except psycopg.Error as error:
            if error.sqlstate not in _NEEDS_NONE:
                raise
        self.statements.pop()
        return self._send_alone(connection, statement)

    def _watch(self, connection: WatchedConnection, statement: _Statement) -> Any:
        with self._watched(connection, statement) as answers:
            if not self.lent.stands_in(connection, statement.text):
                answers.append(statement.send())
        return answers[0] if answers else None

    @contextmanager
    def _in_transaction(self, connection: WatchedConnection) -> Iterator[None]:
        """Put a transaction of ours around the block, where there is none."""
        if not _is_outside(connection):
            yield
            return
        session = self._session(connection)
        connection.pgconn.exec_(b"BEGIN")
        session.is_over = True
        try:
            yield
        except BaseException:
            connection.pgconn.exec_(b"ROLLBACK")
            raise
        else:
            connection.pgconn.exec_(b"COMMIT")
            self.has_committed = True
        finally:
            session.is_over = True

    @contextmanager
    def _watched(self, connection: WatchedConnection, statement: _Statement) -> Iterator[list[Any]]:
        """Look before and after the block, which adds the cursor with the statement's answer, if any."""
        session = self._begun(connection)
        has_point = self.is_lenient and connection.info.transaction_status == TransactionStatus.INTRANS
        answers: list[Any] = []
        if has_point:
            connection.pgconn.exec_(b"SAVEPOINT pgwright_step")
        try:
            yield answers
        except BaseException as error:
            self._add(statement, session, error=said(error))
            if has_point:
                connection.pgconn.exec_(b"ROLLBACK TO pgwright_step; RELEASE pgwright_step")
            raise
        if has_point:
            connection.pgconn.exec_(b"RELEASE pgwright_step")
        self._look_after(connection, session, statement, answers)

    def _begun(self, connection: WatchedConnection) -> _Session:
        """Return what is known of a connection, whose transaction may begin here."""
        session = self._session(connection)
        if session.is_over or _is_idle(connection):
            session.number, session.held = self._next_number(), frozenset()
            session.is_autocommit = connection.autocommit
            is_outside = _is_outside(connection)
            session.state = self._look(self.watching if is_outside else connection)
            session.is_over = is_outside
        return session

    def _look_after(
        self, connection: WatchedConnection, session: _Session, statement: _Statement, answers: list[Any]
    ) -> None:
        is_over = _is_idle(connection)
        before, after = session.state, self._look(self.watching if is_over else connection)
        held = frozenset() if is_over or self.is_blind else _held(connection)
        locks = described(held - session.held, {**after.relations, **before.relations}, self._known, held)
        self._add(statement, session, before, after, locks, rows=_rows(answers))
        session.state, session.held, session.is_over = after, held, is_over
        self.has_committed |= is_over

    def _send_alone(self, connection: WatchedConnection, statement: _Statement) -> Any:
        """Send what runs outside of transactions only, and see its locks by holding it up."""
        session = self._session(connection)
        session.number, session.is_over, session.is_autocommit = self._next_number(), True, True
        before = look(self.watching)
        wanted = targets(statement.actions, before)
        if not wanted and not names_any(statement.actions):
            self.unseen[statement.call.line] = _UNSEEN
        elif (tables := sum(one.kind != "index" for _, one in wanted)) > self.blockers.most:
            self.unseen[statement.call.line] = _UNSEEN_PART.format(self.blockers.most, tables)
        ask(connection, _REPORT)
        connection.reported.clear()
        try:
            with self.blockers.seen(connection.info.backend_pid, wanted) as seen:
                answer = statement.send()
        except BaseException as error:
            self._add(statement, session, error=said(error))
            raise
        self.has_committed, after = True, look(self.watching)
        held = frozenset(seen.held | connection.reported)
        relations = {**after.relations, **before.relations}
        locks = described(held | seen.asked, relations, self._known, held)
        self._add(statement, session, before, after, locks)
        return answer

    def _add(
        self,
        statement: _Statement,
        session: _Session,
        before: State | None = None,
        after: State | None = None,
        locks: tuple[TakenLock, ...] = (),
        *,
        error: str = "",
        rows: int | None = None,
    ) -> None:
        if not error and not locks and _asks_the_server(statement.text):
            self._has_looked |= _INVALID in statement.text
            return
        did = difference(before or State(), after or State(), statement.actions, self._known)
        named = named_relations(statement.text) if rows == 0 and after is not None else ()
        tables = after.relations.values() if after is not None else ()
        call = statement.call
        self.statements.append(
            ObservedStatement(
                text=statement.text,
                actions=statement.actions,
                place=CodeLine(self.shown_path, call.line, call.function),
                operation=call.operation,
                transaction=session.number,
                is_autocommit=session.is_autocommit,
                locks=locks,
                rewritten=did.rewritten,
                built=did.built,
                scanned=did.scanned,
                validated=did.validated,
                error=error,
                reads_nothing=any(ref.matches(one.name) for ref in named for one in tables),
                looked_for_invalid=self._has_looked,
            )
        )
        # One that was refused inside of a transaction is sent again outside.
        self._has_looked &= bool(error) or all(action.kind != "create index" for action in statement.actions)

    def _look(self, connection: psycopg.Connection[Any]) -> State:
        return State() if self.is_blind else look(connection)

    def _session(self, connection: WatchedConnection) -> _Session:
        return self._sessions.setdefault(id(connection), _Session())

    def _next_number(self) -> int:
        self._transactions += 1
        return self._transactions


def _held(connection: WatchedConnection) -> frozenset[Lock]:
    return frozenset(lock for lock, is_held in locks_of(connection, connection.info.backend_pid) if is_held)


def _is_idle(connection: WatchedConnection) -> bool:
    return connection.info.transaction_status == TransactionStatus.IDLE


def _is_outside(connection: WatchedConnection) -> bool:
    """Tell whether the next statement runs outside of any transaction."""
    return connection.autocommit and _is_idle(connection)


def _asks_the_server(text: str) -> bool:
    """Tell whether a statement only asks for settings, or for the catalog: SQLAlchemy does so by itself."""
    return text.lstrip()[:5].lower() == "show " or asks_catalog_alone(text)


def _rows(answers: list[Any]) -> int | None:
    """Return how many rows a statement returned; None where it returns none at all."""
    cursor = answers[0] if answers else None
    return cursor.rowcount if cursor is not None and cursor.description is not None else None
