"""What a statement reads from, and which of its columns decide which others.

A row of the result is decided by a set of columns when, for every table, they hold a unique key of it, or columns that
the joins and the WHERE equate with such a key. This is the closure of functional dependencies (Armstrong, 1974).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Join,
    Table,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, Grouping

from pgwright_runtime._alchemy import AnySelect, without_options
from pgwright_runtime.paging.errors import NotPageable

Columns = set[ColumnElement[Any]]


@dataclass
class Sources:
    """The tables of a statement and what its conditions say about their columns."""

    tables: list[FromClause] = field(default_factory=list)
    """In the order of FROM."""
    optional: set[FromClause] = field(default_factory=set)
    """Those that an outer join may fill with NULL."""
    constants: Columns = field(default_factory=set)
    """Columns that a condition equates with a value."""
    equalities: list[tuple[ColumnElement[Any], ColumnElement[Any]]] = field(default_factory=list)
    """(given, decided): a row's value of the first decides the second."""

    def is_nullable(self, column: ColumnElement[Any]) -> bool:
        """Whether a sort value may be NULL: a column, as its table declares it; any other expression may."""
        table = getattr(column, "table", None)
        if not isinstance(column, Column) or table not in self.tables or _declared(table) is None:
            return True
        return bool(column.nullable) or table in self.optional

    def tiebreakers(self, ordered: Columns) -> list[ColumnElement[Any]]:
        """Return the primary key columns that make an order unique, in the order of FROM; often none.

        Raises: NotPageable: a table is not decided by the order, and has no primary key.
        """
        known, missing = self._closure(ordered | self.constants), list[ColumnElement[Any]]()
        for table in self.tables:
            if self._is_decided(table, known):
                continue
            key = next(_unique_keys(table), None)
            if key is None:
                name = getattr(table, "name", "a subquery")
                # SQLAlchemy numbers a subquery that the app gives no name.
                name = "a subquery" if name.startswith("%(") else name
                raise NotPageable(
                    f"the order is not unique, and no key of {name} is known to complete it; "
                    "order by something unique last, and say so with unique=True"
                )
            missing += [column for column in key if column not in known]
            known = self._closure(known | set(key))
        return missing

    def _closure(self, known: Columns) -> Columns:
        known, before = set(known), -1
        while len(known) != before:
            before = len(known)
            for table in self.tables:
                if self._is_decided(table, known):
                    known |= set(table.c)
            known |= {decided for given, decided in self.equalities if given in known}
        return known

    def _is_decided(self, table: FromClause, known: Columns) -> bool:
        return any(set(key) <= known for key in _unique_keys(table))


def read_sources(statement: AnySelect) -> Sources:
    """Read the FROM and the WHERE of a select; what it loads beside them (`joinedload`) is no part of them."""
    rows = without_options(statement).order_by(None)
    bare: AnySelect = rows.with_only_columns(literal_column("1"), maintain_column_froms=True)
    sources = Sources()
    for source in bare.get_final_froms():
        _add(source, sources)
    _add_conditions(bare.whereclause, sources, decides=None)
    return sources


def _add(source: FromClause, sources: Sources) -> list[FromClause]:
    """Add a table or the tables of a join, and return them."""
    if not isinstance(source, Join):
        sources.tables.append(source)
        return [source]
    left, right = _add(source.left, sources), _add(source.right, sources)
    if source.full:
        sources.optional |= {*left, *right}
        return left + right
    if source.isouter:
        sources.optional |= set(right)
    if source.onclause is not None:
        _add_conditions(source.onclause, sources, decides=right if source.isouter else None)
    return left + right


def _add_conditions(condition: Any, sources: Sources, *, decides: Sequence[FromClause] | None) -> None:
    """Note the equalities that always hold; of an outer join, they decide only the tables on its right."""
    for left, right in _equalities(condition):
        for given, decided in ((left, right), (right, left)):
            if not isinstance(decided, Column) or (decides is not None and decided.table not in decides):
                continue
            if isinstance(given, BindParameter):
                sources.constants.add(decided)
            elif isinstance(given, Column):
                sources.equalities.append((given, decided))


def _equalities(condition: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(condition, Grouping):
        yield from _equalities(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _equalities(part)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        yield condition.left, condition.right


def _declared(source: FromClause | None) -> Table | None:
    """The table itself, or the one that an alias stands for; a subquery declares nothing."""
    source = source.element if isinstance(source, Alias) else source
    return source if isinstance(source, Table) else None


def _unique_keys(source: FromClause) -> Iterator[list[ColumnElement[Any]]]:
    """Yield the keys that tell each row of a table from the others, the primary key first."""
    table = _declared(source)
    if table is None:
        return
    keys: list[Sequence[Any]] = [list(table.primary_key.columns)]
    keys += [list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    keys += [list(index.expressions) for index in table.indexes if _is_unique_key(index)]
    for key in keys:
        if key and all(isinstance(column, Column) and not column.nullable for column in key):
            yield [source.c[column.key] for column in key]


def _is_unique_key(index: Index) -> bool:
    return bool(index.unique) and index.dialect_options["postgresql"]["where"] is None
