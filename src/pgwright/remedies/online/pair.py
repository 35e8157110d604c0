"""A column and the one that takes its place: their names, and how a value of the one becomes one of the other."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.model.change import ColumnConversion
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.table import Column
from pgwright.remedies.convert_columns import zoned_default
from pgwright.sqltext.uuid_defaults import uuid_default

_SMALLER = {"smallint": 2**15, "integer": 2**31}


@dataclass(frozen=True)
class ColumnPair:
    """One column that changes its type."""

    conversion: ColumnConversion
    column: Column
    new: str
    """The name of the new column, until the swap."""
    old: str
    """The name of the old column, from the swap on."""

    @property
    def table(self) -> QualifiedName:
        return self.conversion.table

    @property
    def name(self) -> str:
        return self.conversion.column

    @property
    def from_type(self) -> str:
        collate = f" COLLATE {self.column.collation}" if self.column.collation else ""
        return f"{self.conversion.from_type}{collate}"

    @property
    def to_type(self) -> str:
        return self.conversion.to_type

    @property
    def new_default(self) -> str | None:
        """The default of the column with its new type, as the plain rewrite sets it."""
        default = self.conversion.default
        if self.conversion.time_zone is not None:
            return zoned_default(default)
        if default is None or self.to_type != "uuid":
            return default
        return uuid_default(default)

    def to_new(self, value: str) -> str:
        """Return the SQL that makes a value of the old column one of the new."""
        if self.conversion.time_zone is not None:
            return f"{value} AT TIME ZONE {quote_literal(self.conversion.time_zone).strip()}"
        if self.to_type == "uuid":
            return f"{value}::text::uuid"
        return f"{value}::{self.to_type}"

    def to_old(self, value: str) -> str:
        """Return the SQL that makes a value of the new column one of the old; NULL where the old cannot hold it."""
        if self.conversion.time_zone is not None:
            return f"{value} AT TIME ZONE {quote_literal(self.conversion.time_zone).strip()}"
        if self.to_type == "uuid":
            return f"replace({value}::text, '-', '')" if self.conversion.uuid_format == "plain" else f"{value}::text"
        end = _SMALLER[self.conversion.from_type]
        return f"CASE WHEN {value} BETWEEN {-end} AND {end - 1} THEN {value}::{self.conversion.from_type} END"

    @property
    def unfilled(self) -> str:
        """What says that the new column of a row lacks its value, before the swap."""
        return f"({quote(self.new)} IS NULL AND {quote(self.name)} IS NOT NULL)"

    @property
    def unfilled_old(self) -> str:
        """What says that the old column of a row lacks its value, after the swap."""
        return f"({quote(self.old)} IS NULL AND {quote(self.name)} IS NOT NULL)"
