"""What a statement asks for, as values."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Literal, TypeVar

from pgwright.model.names import QualifiedName

StatementKind = Literal["select", "insert", "update", "delete", "merge", "other"]
Operator = Literal["=", "in", "range", "like", "is null", "is not null", "is true", "is false", "<>", "other"]


@dataclass(frozen=True, slots=True)
class ColumnUse:
    table: QualifiedName
    column: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A column compared with a value: one conjunct of WHERE or ON."""

    column: ColumnUse
    operator: Operator
    value: str | None = None
    """The constant, where the statement names one."""
    parameter: int | None = None
    """n of `$n`, where it is a parameter."""
    symbol: str = ""
    """Where the operator is `other`: as written, with the column on the left: `@>`, `~~*` (ILIKE), …"""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression on columns of one table that is compared, sorted or grouped by: `lower(email) = $1`."""

    table: QualifiedName
    text: str
    """SQL text with bare column names and no parameter, as CREATE INDEX takes it."""
    columns: tuple[str, ...]
    role: Literal["condition", "order"]
    """`order` stands for GROUP BY too."""
    operator: Operator = "other"
    symbol: str = ""
    """As of a Condition."""
    value: str | None = None
    cast_to: str | None = None
    """The type's name, where the expression is a cast of one column: an index on the column may do then."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A column that is compared inside a cast, a function or a computation: no index on the column serves that."""

    column: ColumnUse
    text: str
    """The cast, function or computation as SQL text, with bare column names."""
    operator: Operator
    function: str = ""
    """The outermost one that it calls."""
    cast_to: str | None = None
    """The type's name, where it is a cast of the column itself."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One conjunct on columns of one table and constants: what the predicate of a partial index may repeat."""

    table: QualifiedName
    text: str
    """SQL text with bare column names and no parameter."""
    columns: tuple[str, ...]
    filtered_only: tuple[str, ...]
    """Those of its columns that the block reads in such clauses only."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Columns of one table whose order saves a sort: all sort keys, or the first of them."""

    keys: tuple[SortKey, ...]
    purpose: Literal["order", "group", "distinct", "window", "extreme"]
    """`extreme`: min() or max() of the column."""


@dataclass(frozen=True, slots=True)
class Distance:
    """A column by whose distance to a given value the rows are sorted: `ORDER BY embedding <=> $1`."""

    column: ColumnUse
    symbol: str


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """Where `$n` stands: compared with a column, or as LIMIT or OFFSET."""

    number: int
    role: Literal["column", "limit", "offset"]
    column: ColumnUse | None = None
    operator: Operator = "other"
    symbol: str = ""
    """The comparison as written with the column on the left: `<`, `>=`, …"""
    is_array: bool = False
    """True for `= ANY ($n)`: the parameter holds several values."""
    cast_to: str | None = None
    """The type's name, where the parameter itself is cast: `$1::int`."""
    part: tuple[int, int] | None = None
    """Of a pattern put together, `$1 || $2`: its place from 0, and how many parts there are."""


@dataclass(frozen=True, slots=True)
class Join:
    """Two columns of different tables (or of two roles of one table) that must be equal.

    A column of a subquery stands for the table's column behind it; one side may lie in a block around this one.
    """

    left: ColumnUse
    right: ColumnUse


@dataclass(frozen=True, slots=True)
class SortKey:
    column: ColumnUse
    is_descending: bool = False
    nulls_first: bool | None = None
    """None: the default of the direction."""


@dataclass(frozen=True)
class Block:
    """One level of a statement: a SELECT, a subquery, or the WHERE of an UPDATE or DELETE."""

    tables: tuple[QualifiedName, ...]
    conditions: tuple[Condition, ...]
    """Conjuncts only: what stands below OR or NOT is not listed, unless every branch of the OR has it."""
    joins: tuple[Join, ...]
    order_by: tuple[SortKey, ...]
    """Empty when any sort key is no plain column of one table."""
    group_by: tuple[ColumnUse, ...]
    outputs: tuple[ColumnUse, ...]
    """Every column that the block reads, wherever it stands; without the tables in `reads_all_of`."""
    reads_all_of: frozenset[QualifiedName]
    """Tables of which `*` is selected, and those whose rows are changed or locked: no index spares a visit to them."""
    parameters: tuple[ParameterUse, ...]
    """Every parameter whose meaning is known, below OR and NOT too."""
    has_limit: bool
    has_offset: bool
    offset: int | None = None
    """The constant, where the statement names one."""
    lookups: tuple[Condition, ...] = ()
    """Columns compared with what only other tables, subqueries or the blocks around it tell."""
    branches: tuple[tuple[Condition, ...], ...] = ()
    """The conditions of each branch of each OR."""
    expressions: tuple[Expression, ...] = ()
    """Below OR too."""
    wrapped: tuple[Wrapped, ...] = ()
    """Below OR too."""
    clauses: tuple[Clause, ...] = ()
    orderings: tuple[Ordering, ...] = ()
    distances: tuple[Distance, ...] = ()


T = TypeVar("T")


def as_if_of(value: T, table: QualifiedName, heir: QualifiedName) -> T:
    """Return a block, or a part of one, that reads another table in the place of one from which that inherits."""
    if value == table:
        return heir  # type: ignore[return-value]
    if isinstance(value, tuple | frozenset):
        return type(value)(as_if_of(part, table, heir) for part in value)
    if is_dataclass(value) and not isinstance(value, type | QualifiedName):
        own = {one.name: as_if_of(getattr(value, one.name), table, heir) for one in fields(value)}
        return replace(value, **own)
    return value


@dataclass(frozen=True)
class StatementShape:
    kind: StatementKind
    target: QualifiedName | None
    """The table that it writes."""
    written: tuple[str, ...]
    """The columns that an UPDATE sets."""
    blocks: tuple[Block, ...]
    reads_unknown: bool
    """True when it names a relation that the schema does not list: a view, say, or a dropped table."""

    @property
    def tables(self) -> frozenset[QualifiedName]:
        found = {table for block in self.blocks for table in block.tables}
        return frozenset(found | ({self.target} if self.target else set()))
