"""What else is written where a statement writes: by foreign keys, triggers, rules, partitions, views and functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.caching.keys import KeyColumn, Keys
from pgwright_runtime.caching.reading import Writes, columns_of_row, read_body
from pgwright_runtime.statements import TRANSACTION_CONTROL

_PACKAGE = "pgwright_runtime.caching"
_ALSO, _VIEWS, _TRIGGERS, _FUNCTIONS, _KEYS = (
    text(read_sql(_PACKAGE, name)).execution_options(**{TRANSACTION_CONTROL: True})
    for name in ("also_written", "views", "triggers", "functions", "keys")
)


@dataclass(frozen=True)
class Effects:
    """The database's own answer, by names without schema: two tables of one name count as one."""

    also: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Relations whose rows change, too, by a table's name."""
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The relations that a view reads."""
    triggers: Mapping[str, frozenset[str | None]] = field(default_factory=dict)
    """Functions that are called at a write, by a table's name; None: a rule."""
    functions: Mapping[str, Writes | None] = field(default_factory=dict)
    """What a function does that may write; None: nobody can tell."""
    keys: Mapping[str, KeyColumn] = field(default_factory=dict)
    """The primary key of a table, where keys of its rows can be told from each other, and its triggers leave them."""

    def of(self, writes: Writes, declared: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
        """Return the tables that change; None: any may.

        Args:
            declared: what the triggers and rules of a table write, by its name: in place of what their text says.
        """
        if writes.is_unknown:
            return None
        tables: set[str] = set()
        called: set[str] = set()
        ahead = [*writes.tables]
        calls = [*writes.calls]
        while ahead or calls:
            if calls:
                name = calls.pop()
                if name in called or name not in self.functions:
                    continue
                called.add(name)
                body = self.functions[name]
                if body is None or body.is_unknown:
                    return None
                ahead.extend(body.tables)
                calls.extend(body.calls)
                continue
            table = ahead.pop()
            if table in tables:
                continue
            tables.add(table)
            ahead.extend(self.also.get(table, ()))
            if table in declared:
                ahead.extend(declared[table])
                continue
            for function in self.triggers.get(table, ()):
                if function is None:
                    return None
                calls.append(function)
        return frozenset(tables)

    def rows_of(self, writes: Writes, keys: Keys, declared: Mapping[str, frozenset[str]]) -> Mapping[str, Keys] | None:
        """Return the tables that change, each with the keys of its rows that do; None: any table may.

        Args:
            keys: of the rows that the statements themselves write, of one table.
        """
        tables = self.of(writes, declared)
        if tables is None:
            return None
        changed: dict[str, Keys] = dict.fromkeys(tables)
        if keys is not None:
            (table,) = writes.tables
            follows = self.of(self._next(table, writes, declared), declared)
            if table in self.keys and follows is not None and table not in follows:
                changed[table] = keys
        return changed

    def _next(self, table: str, writes: Writes, declared: Mapping[str, frozenset[str]]) -> Writes:
        """Return what follows at once from a statement that writes a table."""
        also = self.also.get(table, frozenset())
        if table in declared:
            return Writes(also | declared[table], writes.calls)
        functions = self.triggers.get(table, frozenset())
        called = writes.calls.union(name for name in functions if name is not None)
        return Writes(also, called, is_unknown=None in functions)

    def below(self, name: str) -> frozenset[str]:
        """Return the relations that a view reads, and those below them; of a table, none."""
        return self.read_by(self.sources.get(name, ()))

    def is_heard(self, name: str, names: frozenset[str]) -> bool:
        """Return whether what changes a relation makes values of some others invalid, too.

        So it is with a view of them, with a partition of one of them, and with a table whose deletions cascade to one.
        """
        tables = {each for each in self.read_by([name]) if not self.sources.get(each)}
        return all(not self._changed_with(each).isdisjoint(names) for each in tables)

    def _changed_with(self, table: str) -> frozenset[str]:
        found: set[str] = set()
        ahead = [table]
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead.extend(self.also.get(each, ()))
        return frozenset(found)

    def read_by(self, names: Iterable[str]) -> frozenset[str]:
        """Return the relations that are read where these are: themselves, and those below views."""
        found: set[str] = set()
        ahead = [*names]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead.extend(self.sources.get(name, ()))
        return frozenset(found)


def read_effects(connection: Connection) -> Effects:
    """Ask the catalogs of a database, which anybody may read."""
    also: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, set[str]] = defaultdict(set)
    triggers: dict[str, set[str | None]] = defaultdict(set)
    functions: dict[str, list[Writes | None]] = defaultdict(list)
    columns: dict[str, list[frozenset[str] | None]] = defaultdict(list)
    shapers: dict[str, set[str]] = defaultdict(set)
    keys: dict[str, set[KeyColumn | None]] = defaultdict(set)
    for table, other in connection.execute(_ALSO):
        also[table].add(other)
    for view, source, is_writable in connection.execute(_VIEWS):
        # A materialized view shows nothing new until it is refreshed, which is a write to itself.
        if is_writable:
            sources[view].add(source)
            also[view].add(source)
    for table, function, shapes in connection.execute(_TRIGGERS):
        triggers[table].add(function)
        if shapes:
            shapers[table].add(function)
    for name, body in connection.execute(_FUNCTIONS):
        functions[name].append(None if body is None else read_body(body))
        columns[name].append(None if body is None else columns_of_row(body))
    for table, column, is_uuid in connection.execute(_KEYS):
        keys[table].add(None if column is None else KeyColumn(column, is_uuid))
    return Effects(
        {name: frozenset(found) for name, found in also.items()},
        {name: frozenset(found) for name, found in sources.items()},
        {name: frozenset(found) for name, found in triggers.items()},
        {name: _all(bodies) for name, bodies in functions.items()},
        {
            table: column
            for table, found in keys.items()
            for column in found
            if column is not None
            and len(found) == 1
            and all(_leave(columns.get(name, [None]), column.name) for name in shapers[table])
        },
    )


def _leave(functions: Iterable[frozenset[str] | None], column: str) -> bool:
    """Return whether trigger functions of one name, of which those columns are known, leave a column as it is."""
    return all(columns is not None and column not in columns for columns in functions)


def _all(bodies: Iterable[Writes | None]) -> Writes | None:
    """Return what functions of one name do together: by a call's text nobody knows which of them it is."""
    tables: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    for body in bodies:
        if body is None or body.is_unknown:
            return None
        tables, calls = tables | body.tables, calls | body.calls
    return Writes(tables, calls)
