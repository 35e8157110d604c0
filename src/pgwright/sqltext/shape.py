"""What a statement asks for, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.model.names import QualifiedName

StatementKind = Literal["select", "insert", "update", "delete", "other"]
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


@dataclass(frozen=True, slots=True)
class Join:
    """Two columns of different tables (or of two roles of one table) that must be equal."""

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
    """Conjuncts only: what stands below OR or NOT is not listed."""
    joins: tuple[Join, ...]
    order_by: tuple[SortKey, ...]
    """Empty when any sort key is no plain column of one table."""
    group_by: tuple[ColumnUse, ...]
    outputs: tuple[ColumnUse, ...]
    """Every column that the block reads, wherever it stands; without the tables in `reads_all_of`."""
    reads_all_of: frozenset[QualifiedName]
    """Tables of which `*` is selected."""
    parameters: tuple[ParameterUse, ...]
    """Every parameter whose meaning is known, below OR and NOT too."""
    has_limit: bool
    has_offset: bool
    offset: int | None = None
    """The constant, where the statement names one."""


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
    fingerprint: str
    """Equal for statements that differ in constants only."""

    @property
    def tables(self) -> frozenset[QualifiedName]:
        found = {table for block in self.blocks for table in block.tables}
        return frozenset(found | ({self.target} if self.target else set()))
