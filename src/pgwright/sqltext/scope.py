"""What a name means inside a statement: an alias, a column, and the table's column behind a subquery's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgwright.model.names import QualifiedName
from pgwright.sqltext.nodes import ast, bare, walk
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.shape import (
    Block,
    Clause,
    ColumnUse,
    Condition,
    Distance,
    Expression,
    Join,
    Ordering,
    ParameterUse,
    SortKey,
    Wrapped,
)


@dataclass(eq=False)
class BlockDraft:
    """A block being read; blocks around it or inside it may still add to its joins, lookups and outputs."""

    conditions: list[Condition] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    lookups: list[Condition] = field(default_factory=list)
    branches: list[tuple[Condition, ...]] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    wrapped: list[Wrapped] = field(default_factory=list)
    clauses: list[tuple[Clause, Any]] = field(default_factory=list)
    """With the node that each was made from."""
    orderings: list[Ordering] = field(default_factory=list)
    distances: list[Distance] = field(default_factory=list)
    parameters: list[ParameterUse] = field(default_factory=list)
    outputs: list[ColumnUse] = field(default_factory=list)
    """One a reference, so a column may stand here several times."""
    order_by: tuple[SortKey, ...] = ()
    group_by: tuple[ColumnUse, ...] = ()
    stars: frozenset[QualifiedName] = frozenset()
    has_limit: bool = False
    has_offset: bool = False
    offset: int | None = None

    def finished(self, tables: tuple[QualifiedName, ...]) -> Block:
        return Block(
            tables=tables,
            conditions=tuple(self.conditions),
            joins=tuple(dict.fromkeys(self.joins)),
            order_by=self.order_by,
            group_by=self.group_by,
            outputs=tuple(dict.fromkeys(self.outputs)),
            reads_all_of=self.stars,
            parameters=tuple(self.parameters),
            has_limit=self.has_limit,
            has_offset=self.has_offset,
            offset=self.offset,
            lookups=tuple(dict.fromkeys(self.lookups)),
            branches=tuple(self.branches),
            expressions=tuple(dict.fromkeys(self.expressions)),
            wrapped=tuple(dict.fromkeys(self.wrapped)),
            clauses=tuple(dict.fromkeys(self._clauses())),
            orderings=tuple(dict.fromkeys(self.orderings)),
            distances=tuple(dict.fromkeys(self.distances)),
        )

    def _clauses(self) -> Iterator[Clause]:
        read = Counter(self.outputs)
        for clause, node in self.clauses:
            read.subtract(ColumnUse(clause.table, name.fields[-1].sval) for name in walk((node,), ast.ColumnRef))
        for clause, _ in self.clauses:
            only = tuple(name for name in clause.columns if read[ColumnUse(clause.table, name)] <= 0)
            yield replace(clause, filtered_only=() if clause.table in self.stars else only)


@dataclass(frozen=True, eq=False)
class ColumnOrigin:
    """A table's column, and the block that reads the table."""

    use: ColumnUse
    draft: BlockDraft
    alias: str
    is_joinable: bool = True
    """False: a filter from outside reaches it, a join does not, for rows are grouped or made distinct between."""


@dataclass(frozen=True)
class Derived:
    """The columns that a subquery or a common table puts out, and the tables' columns behind them, if any."""

    names: tuple[str, ...] = ()
    """In order; empty when the order is not known."""
    columns: Mapping[str, tuple[ColumnOrigin, ...]] = field(default_factory=dict)
    is_complete: bool = True
    """False: it may have columns that are not listed."""

    def renamed(self, names: Iterable[str]) -> Derived:
        """Return it with an alias's list of column names."""
        wanted = tuple(names)
        if not wanted:
            return self
        places = [self.columns.get(name, ()) for name in self.names]
        renamed = {name: places[i] if i < len(places) else () for i, name in enumerate(wanted)}
        rest = self.names[len(wanted) :]
        return Derived(wanted + rest, {**{name: self.columns[name] for name in rest}, **renamed}, self.is_complete)

    def closed(self) -> Derived:
        """Return it with nothing behind its columns: nothing reaches the tables from outside."""
        return Derived(self.names, dict.fromkeys(self.columns, ()), self.is_complete)

    def filtered(self, kept: Iterable[ColumnUse] | None = None) -> Derived:
        """Return it as filters see it from outside, but not joins; of `kept` columns only, where given."""
        allowed = None if kept is None else set(kept)
        columns = {
            name: tuple(replace(p, is_joinable=False) for p in places if allowed is None or p.use in allowed)
            for name, places in self.columns.items()
        }
        return Derived(self.names, columns, self.is_complete)

    def united(self, other: Derived) -> Derived:
        """Return the columns of a UNION of both: named as the first, by position."""
        if not self.names or len(self.names) != len(other.names):
            return self.closed()
        both = zip(self.names, other.names, strict=True)
        return Derived(self.names, {one: self.columns[one] + other.columns[two] for one, two in both})


UNKNOWN = Derived(is_complete=False)


@dataclass(eq=False)
class Scope:
    """What an alias means inside one block, and around it."""

    schema: Schema
    outer: Scope | None = None
    draft: BlockDraft = field(default_factory=BlockDraft)
    tables: dict[str, QualifiedName] = field(default_factory=dict)
    derived: dict[str, Derived] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    """Columns of USING and NATURAL JOIN, which two tables have and which are no ambiguity."""

    def names_of(self, aliases: Iterable[str]) -> dict[str, str]:
        """Return the columns of some sources, each with the alias that has it."""
        found: dict[str, str] = {}
        for alias in aliases:
            table = self.tables.get(alias)
            names = self.schema.columns[table] if table else self.derived[alias].columns
            for name in names:
                found.setdefault(name, alias)
        return found

    def place_of(self, alias: str, name: str) -> tuple[ColumnOrigin, ...]:
        table = self.tables.get(alias)
        if table is None:
            return self.derived[alias].columns.get(name, ()) if alias in self.derived else ()
        return (ColumnOrigin(ColumnUse(table, name), self.draft, alias),) if name in self.schema.columns[table] else ()

    def places(self, node: Any) -> tuple[ColumnOrigin, ...]:
        """Return the tables' columns that a reference means, here or in a block around; several behind a UNION."""
        node = bare(node)
        if not isinstance(node, ast.ColumnRef) or isinstance(node.fields[-1], ast.A_Star):
            return ()
        qualifier = getattr(node.fields[-2], "sval", None) if len(node.fields) > 1 else None
        scope: Scope | None = self
        while scope is not None:
            found = scope._own(qualifier, node.fields[-1].sval)
            if found is not None:
                return found
            scope = scope.outer
        return ()

    def _own(self, qualifier: str | None, name: str) -> tuple[ColumnOrigin, ...] | None:
        """Return what a name means in this block; None when it is none of this block's."""
        if qualifier is not None:
            is_ours = qualifier in self.tables or qualifier in self.derived
            return self.place_of(qualifier, name) if is_ours else None
        owners = [alias for alias, table in self.tables.items() if name in self.schema.columns[table]]
        owners += [alias for alias, derived in self.derived.items() if name in derived.columns]
        if len(owners) == 1 or (owners and name in self.merged):
            return self.place_of(owners[0], name)
        is_open = any(not derived.is_complete for derived in self.derived.values())
        return () if owners or is_open else None

    def column(self, node: Any) -> ColumnUse | None:
        """Return the column of a table of this very block that a node is, casts aside."""
        for place in self.places(node):
            if self.is_own(place):
                return place.use
        return None

    def is_own(self, place: ColumnOrigin) -> bool:
        return place.draft is self.draft

    def is_around(self, place: ColumnOrigin) -> bool:
        """Tell whether a block around this one reads the table."""
        outer = self.outer
        while outer is not None and not outer.is_own(place):
            outer = outer.outer
        return outer is not None

    def owner(self, node: Any) -> str | None:
        """Return the alias of this block whose columns, and no others, an expression reads."""
        aliases: set[str] = set()
        for reference in walk((node,), ast.ColumnRef):
            places = self.places(reference)
            if len(places) != 1 or not self.is_own(places[0]):
                return None
            aliases.add(places[0].alias)
        return aliases.pop() if len(aliases) == 1 else None
