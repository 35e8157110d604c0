"""The bond between transactions and a store: what a transaction has written is invalidated when it is committed.

It stands where SQLAlchemy hands statements, COMMIT and ROLLBACK to the driver: in the methods of an engine's dialect.
There all ways of writing meet, the ORM's, Core's and raw SQL, of sync and of async engines; and there is no event that
comes after a COMMIT.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from pgwright_runtime._alchemy import beside, dialect_of, is_autocommit, is_initialization, rows_ahead
from pgwright_runtime._background import Runner, Tasks, Threads
from pgwright_runtime.caching.effects import Effects, read_effects
from pgwright_runtime.caching.filling import CacheFilling, current_filling
from pgwright_runtime.caching.keys import Keys
from pgwright_runtime.caching.reading import Writes, read_statement
from pgwright_runtime.caching.tables_read import tables_read
from pgwright_runtime.caching.transactions import Touched, Transaction, Write, begin_with, end, transaction_of
from pgwright_runtime.caching.written_rows import MOST_KEYS, read_keys
from pgwright_runtime.statements import TRANSACTION_CONTROL

# A trigger or a foreign key that others have made is known after this; where the catalogs could not be read, they are
# tried again after the second.
_EFFECTS_S, _TRY_AGAIN_S = 300.0, 10.0
_OWN = {TRANSACTION_CONTROL: True}
_NOTHING = Writes()
Changed = tuple[str | None, Mapping[str, Keys] | None]
"""A tenant, or None for any, and the tables that it changed, each with the keys of the rows; None: any table."""
Drop = Callable[[Iterable[Changed], Runner], None]

_bonds: WeakKeyDictionary[Dialect, Bond] = WeakKeyDictionary()
_lock = Lock()


class Bond:
    """Tells a cache what the transactions of one engine have changed.

    Args:
        tenant: gives the tenant of the running code, which its statements are bound to; None: none.
        declared: what the triggers and rules of a table write, by its name.
        drop: invalidates.
    Raises: ValueError: the engine has a bond already.
    """

    def __init__(
        self, engine: Engine, tenant: Callable[[], str | None], declared: Mapping[str, frozenset[str]], drop: Drop
    ) -> None:
        self._engine, self._tenant, self._declared, self._drop = engine, tenant, declared, drop
        self.waits: Runner = Tasks() if engine.dialect.is_async else Threads()
        self._effects: Effects | None = None
        self._learn_at = 0.0
        self._is_learning = False
        with _lock:
            if engine.dialect in _bonds:
                raise ValueError("the engine is watched by a cache already; one cache can have several engines")
            _bonds[engine.dialect] = self
            if not event.contains(Pool, "checkout", _judge_pool):
                event.listen(Pool, "checkout", _judge_pool)
        self._intercept(engine.dialect)

    def effects(self) -> Effects | None:
        """Return what else is written where a statement writes; None: nobody knows at the moment."""
        now = time.monotonic()
        if now > self._learn_at and not self._is_learning:
            self._is_learning = True
            try:
                # On a connection of its own: an error would end the transaction of the app's.
                with beside(self._engine).connect() as connection:
                    self._effects = read_effects(connection)
                self._learn_at = time.monotonic() + _EFFECTS_S
            except (SQLAlchemyError, OSError):
                self._effects, self._learn_at = None, now + _TRY_AGAIN_S
            finally:
                self._is_learning = False
        return self._effects

    def _intercept(self, dialect: Any) -> None:
        dialect.do_execute = self._executing(dialect.do_execute, lambda parameters, _: [parameters])
        dialect.do_executemany = self._executing(dialect.do_executemany, lambda each, _: each)
        dialect.do_execute_no_params = self._executing(dialect.do_execute_no_params, lambda _: [()])
        dialect.do_commit = self._committing(dialect.do_commit, _itself)
        dialect.do_rollback = _forgetting(dialect.do_rollback, _itself)
        dialect.do_commit_twophase = self._committing(dialect.do_commit_twophase, _lent)
        dialect.do_rollback_twophase = _forgetting(dialect.do_rollback_twophase, _lent)

    def _executing(
        self, run: Callable[..., None], parameters_of: Callable[..., Sequence[object]]
    ) -> Callable[..., None]:
        """Wrap what executes a text; `parameters_of` gives the sets of parameters that it is executed with."""

        def execute(cursor: Any, text: str, *rest: Any) -> None:
            context = rest[-1]
            if TRANSACTION_CONTROL in context.execution_options or is_initialization(context):
                run(cursor, text, *rest)
                return
            self._compare(text, context)
            writes, commits = self._read(text, context)
            transaction = _transaction(context.root_connection)
            write = self._note(transaction, context, writes)
            keys: Keys = None
            try:
                run(cursor, text, *rest)
                keys = self._keys(writes, text, parameters_of(*rest), cursor)
            finally:
                if write is not None:
                    transaction.know(write, keys)
                if commits:
                    self._settle(transaction)

        return execute

    def _committing(self, commit: Callable[..., None], lent_of: Callable[[Any], object]) -> Callable[..., None]:
        def do_commit(connection: Any, *rest: Any, **options: Any) -> None:
            transaction = transaction_of(lent_of(connection))
            end(lent_of(connection))
            try:
                commit(connection, *rest, **options)
            finally:
                # After an error, too: nobody knows whether it was done.
                if transaction is not None and transaction.touched:
                    self._settle(transaction)

        return do_commit

    def _compare(self, text: str, context: Any) -> None:
        """Look whether a computation reads tables that its function does not name."""
        filling = current_filling.get()
        if filling is None or not filling.names:
            return
        forgotten = tables_read(text if context.compiled is None else context.compiled.string) - filling.names
        if forgotten and (effects := self.effects()) is not None:
            forgotten = frozenset(name for name in forgotten if not effects.is_heard(name, filling.names))
            if forgotten:
                filling.forget(forgotten)

    def _read(self, text: str, context: Any) -> tuple[Writes, bool]:
        """Return what a statement writes, and whether it is committed with its end."""
        # What SQLAlchemy expands, as lists of values, says nothing new.
        writes = self._of_interest(read_statement(text if context.compiled is None else context.compiled.string))
        is_alone = writes is not _NOTHING and is_autocommit(context.root_connection)
        return writes, writes.ends_transaction or is_alone

    def _note(self, transaction: Transaction, context: Any, writes: Writes) -> Write | None:
        if context.compiled is not None:
            transaction.follow(context.compiled.statement)
        write = transaction.touch(self._tenant(), writes) if writes is not _NOTHING else None
        filling = current_filling.get()
        if filling is not None:
            _judge(filling, transaction, context.root_connection)
        return write

    def _keys(self, writes: Writes, text: str, parameters: Sequence[object], cursor: Any) -> Keys:
        """Return the keys of the rows that a statement wrote, which has been executed; None: they may be any."""
        if len(writes.tables) != 1 or writes.is_unknown or writes.ends_transaction:
            return None
        (table,) = writes.tables
        effects = self.effects()
        column = effects.keys.get(table) if effects is not None else None
        source = read_keys(text, table, column.name) if column is not None else None
        if column is None or source is None:
            return None
        if source.given is not None:
            return source.keys_given(column, parameters)
        rows = rows_ahead(cursor, MOST_KEYS)
        return None if rows is None else source.keys_returned(column, rows)

    def _of_interest(self, writes: Writes) -> Writes:
        """Return nothing of what only reads, though it calls functions."""
        if writes.tables or writes.is_unknown or writes.ends_transaction or not writes.calls:
            return writes if writes != _NOTHING else _NOTHING
        effects = self.effects()
        return _NOTHING if effects is not None and writes.calls.isdisjoint(effects.functions) else writes

    def _settle(self, transaction: Transaction) -> None:
        touched: Touched = transaction.touched
        transaction.touched = {}
        if any(writes.changes_schema for _, writes, _ in touched):
            self._learn_at = 0.0
        effects = self.effects()
        changes = [
            (tenant, effects.rows_of(writes, keys, self._declared) if effects else None)
            for (tenant, writes, _), keys in touched.items()
        ]
        self._drop(changes, self.waits)


def bond_of(dialect: Dialect) -> Bond | None:
    return _bonds.get(dialect)


def _transaction(connection: Connection) -> Transaction:
    """Return the transaction that a statement is executed in, which may be its own."""
    found = transaction_of(connection.connection)
    if found is None:
        found = Transaction(current_filling.get())
        if not is_autocommit(connection):
            begin_with(connection, found)
    return found


def _judge(filling: CacheFilling, transaction: Transaction, connection: Connection) -> None:
    """Spoil a computation that reads what others cannot, or what was."""
    if transaction.touched:
        filling.spoil("uncommitted")
    elif transaction.born_in is not filling:
        if transaction.sees_all is None:
            level = connection.exec_driver_sql("SHOW transaction_isolation", execution_options=_OWN).scalar_one()
            transaction.sees_all = level.startswith("read ")
        if not transaction.sees_all:
            filling.spoil("old snapshot")


def _judge_pool(dbapi_connection: object, record: object, lent: Any) -> None:
    filling = current_filling.get()
    if filling is not None and dialect_of(lent) not in _bonds:
        filling.spoil("other engine")


def _forgetting(rollback: Callable[..., None], lent_of: Callable[[Any], object]) -> Callable[..., None]:
    def do_rollback(connection: Any, *rest: Any, **options: Any) -> None:
        end(lent_of(connection))
        rollback(connection, *rest, **options)

    return do_rollback


def _itself(lent: object) -> object:
    return lent


def _lent(connection: Any) -> object:
    """Return what the pool lent to a Connection."""
    return connection.connection
