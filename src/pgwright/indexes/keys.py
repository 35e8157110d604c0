"""Whether the keys of one index find, and sort, what those of another do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pgwright.indexes.spelling import TEXTS, spell
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.table import Column, Table

# Types with the class that sorts them bytewise, by their own "=". On citext, text_pattern_ops has another "=".
_PATTERNS = {("text", "text_pattern_ops"), ("varchar", "text_pattern_ops"), ("bpchar", "bpchar_pattern_ops")}
# The types that the extensions btree_gin and btree_gist index by value; other types have their own classes there.
_SCALARS = {
    "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "date", "time", "timetz", "timestamp",
    "timestamptz", "interval", "text", "varchar", "bpchar", "bytea", "bit", "varbit", "uuid", "macaddr", "macaddr8",
    "bool",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored of a row for one key, and by which rules it is compared."""

    value: str
    """A column, or an expression in parentheses."""
    operator_class: str | None
    collation: str | None


def entry(key: IndexKey, table: Table | None) -> Entry:
    """Return a key without its direction, each default left out."""
    value = key.column if key.column is not None else f"({spell(key.expression or '', table)})"
    column = _column(key, table)
    own = column.collation if column is not None else None
    return Entry(value, _class(key, column), None if key.collation == own else key.collation)


def _class(key: IndexKey, column: Column | None) -> str | None:
    """Return the operator class, by one name where two stand for the same operators."""
    if key.operator_class == "varchar_pattern_ops":
        return "text_pattern_ops"
    is_default = key.operator_class == "varchar_ops" and column is not None and column.base_type in TEXTS
    return None if is_default else key.operator_class


def _column(key: IndexKey, table: Table | None) -> Column | None:
    return table.column_by_name.get(key.column) if table is not None and key.column is not None else None


def entries(definition: IndexDefinition, table: Table | None) -> list[Entry]:
    return [entry(key, table) for key in definition.keys]


def keys_serve(x: IndexDefinition, y: IndexDefinition, table: Table | None) -> bool:
    """Tell whether the keys of `x` serve each search, order and distance that those of `y` do."""
    if x.method != y.method:
        return x.method == "btree" and _is_first_key(x, y, table)
    if x.method == "btree":
        return _leads(x, y, table)
    have, want = entries(x, table), entries(y, table)
    if x.method == "gin":
        return set(want) <= set(have)
    if x.method == "gist":  # only its first key narrows a search well
        return have[: len(want)] == want
    if x.method == "brin":
        return set(want) <= set(have) and set(x.parameters) == set(y.parameters)
    # What parameters mean to a method from an extension, only that one knows: `lists` of ivfflat, `m` of hnsw.
    return have == want and (x.method in ("hash", "spgist") or set(x.parameters) == set(y.parameters))


def _is_first_key(x: IndexDefinition, y: IndexDefinition, table: Table | None) -> bool:
    """Tell whether the only key of `y`, which cannot sort, is the first one of a B-tree: it has the same operators."""
    is_by_value = y.method == "hash" or (y.method == "gin" and _are_scalars(y.keys, table))
    if not is_by_value or len(y.keys) > 1:
        return False
    one, other = entry(x.keys[0], table), entry(y.keys[0], table)
    is_alike = y.method == "hash" and _is_pattern(x.keys[0], table)
    return one == other or (is_alike and replace(one, operator_class=None) == other)


def _are_scalars(keys: Iterable[IndexKey], table: Table | None) -> bool:
    """Tell whether GIN or GiST holds the values themselves, as by btree_gin and btree_gist, and no parts of them."""
    columns = table.column_by_name if table is not None else {}
    return all(
        key.operator_class is None and key.column in columns and columns[key.column].base_type in _SCALARS
        for key in keys
    )


def _leads(x: IndexDefinition, y: IndexDefinition, table: Table | None) -> bool:
    """Tell whether the keys of a B-tree begin with those of another, all turned round or none."""
    if len(x.keys) < len(y.keys):
        return False
    pairs = list(zip(x.keys, y.keys, strict=False))
    if not all(_sorts_like(one, other, table) for one, other in pairs):
        return False
    turned = {
        (one.is_descending != other.is_descending, _nulls_first(one) != _nulls_first(other)) for one, other in pairs
    }
    return len(turned) == 1 and turned <= {(False, False), (True, True)}


def _sorts_like(key: IndexKey, other: IndexKey, table: Table | None) -> bool:
    one, two = entry(key, table), entry(other, table)
    if one == two:
        return True
    is_alike = (one.value, one.collation) == (two.value, two.collation)
    # Bytewise, the plain class finds what begins with a text as well, and sorts.
    return is_alike and one.operator_class is None and _is_pattern(other, table) and _is_bytewise(key, table)


def _is_pattern(key: IndexKey, table: Table | None) -> bool:
    """Tell whether a key is of the class that sorts the values of its column bytewise."""
    column = _column(key, table)
    return column is not None and (column.base_type, _class(key, column)) in _PATTERNS


def _is_bytewise(key: IndexKey, table: Table | None) -> bool:
    column = _column(key, table)
    return (key.collation or (column.collation if column is not None else None)) in ('"C"', '"POSIX"')


def _nulls_first(key: IndexKey) -> bool:
    return key.is_descending if key.nulls_first is None else key.nulls_first


def finds_equal(
    definition: IndexDefinition,
    columns: Iterable[str],
    table: Table | None,
    collations: Mapping[str, str | None] | None = None,
) -> bool:
    """Tell whether the keys lead to the rows where each of these columns has a given value.

    Args:
        collations: by which each of these columns is compared, where that is not its own.
    """
    wanted = set(columns)
    if definition.method == "gin":
        return wanted <= set(definition.columns) and _are_scalars(definition.keys, table)
    first = definition.keys[: len(wanted)]
    is_leading = {key.column for key in first} == wanted and all(
        _compares_plainly(key, table, collations or {}) for key in first
    )
    return is_leading and (
        definition.method == "btree"
        or (definition.method == "hash" and len(definition.keys) == 1)
        or (definition.method == "gist" and _are_scalars(first, table))
    )


def _compares_plainly(key: IndexKey, table: Table | None, collations: Mapping[str, str | None]) -> bool:
    """Tell whether `column = value`, with no collation named but those given, is what the key is compared by."""
    own, column = entry(key, table), _column(key, table)
    has_class = own.operator_class is None or _is_pattern(key, table)
    if column is not None and column.name in collations:
        return has_class and (key.collation or column.collation) == collations[column.name]
    return has_class and own.collation is None
