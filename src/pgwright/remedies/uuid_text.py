"""Text that holds UUIDs: what proves that it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwright.model.change import ColumnConversion
from pgwright.model.index import IndexDefinition
from pgwright.model.names import quote, quote_literal
from pgwright.remedies.blocks import block

# In either case: 36 characters with hyphens, or 32 without where the column is said to hold such.
_HYPHENATED = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
_ANY = "^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$"


def require_uuids(columns: Sequence[ColumnConversion]) -> str:
    """Return the block that fails, naming a value, when one of the columns holds something else than UUIDs."""
    places = _values(
        (str(each.table), quote(each.column), _HYPHENATED if each.uuid_format == "hyphenated" else _ANY)
        for each in columns
    )
    return block("require_uuids", places=places)


def require_distinct(columns: Sequence[ColumnConversion], indexes: Iterable[IndexDefinition]) -> str:
    """Return the block that fails when two texts of a unique index are one and the same uuid; "" without such indexes.

    Args:
        indexes: the unique indexes of the tables; those without one of the columns are passed over.
    """
    converted = {(each.table, each.column) for each in columns}
    rows = []
    for index in indexes:
        if any((index.table, column) in converted for column in index.columns):
            keys = [
                f"{quote(column)}::text::uuid" if (index.table, column) in converted else quote(column)
                for column in index.columns
            ]
            nulls = [] if index.nulls_not_distinct else [f"{quote(column)} IS NOT NULL" for column in index.columns]
            where = " AND ".join([*nulls, *([f"({index.predicate})"] if index.predicate else [])]) or "true"
            rows.append((str(index.table), ", ".join(map(quote, index.columns)), ", ".join(keys), where))
    if not rows:
        return ""
    return block("require_distinct", places=_values(rows))


def _values(rows: Iterable[tuple[str, ...]]) -> str:
    separator = ",\n" + " " * 12
    return separator.join(f"({', '.join(quote_literal(part).strip() for part in row)})" for row in rows)
