"""Whether an index takes every row that its table takes.

A tuple of a B-tree may have 2,704 bytes, an item of GIN about as many; a larger value is not slow, its INSERT fails.
Text, bytea, arrays and documents have no limit of their own, so their values must be proved narrow: by the type's
length, by an index that holds them already, or by statistics in which they are short and alike.
"""

from __future__ import annotations

import re

from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column
from pgwright.sizes.expressions import describe, prefix_length, values_inside
from pgwright.sizes.items import array_elements
from pgwright.sizes.size import mentions
from pgwright.sizes.widths import is_fixed

# BTMaxItemSize of nbtree.h is 2,704 on pages of 8 kB, GinMaxItemSize 2,712; some bytes are for headers and padding.
LARGEST_TUPLE = 2_704
_ROOM = 2_600
_WITHOUT_LIMIT = float("inf")
# A sample shows some hundred values, and the one that does not fit is rare: it has to be far from what was seen.
_NARROW_AVERAGE, _NARROW_LONGEST, _MARGIN = 64, 256, 4
# Of values that are all of a kind the longest is a small multiple of the average; of prose it is not.
_ALIKE_TIMES, _ALIKE_MORE = 3, 32
# Without any sample, on request say: narrower still.
_NARROW_UNSEEN = 24
_NARROW_DOCUMENT = 600
_BYTES_A_CHARACTER = 4
_LENGTH = re.compile(r"^(?:character varying|character|varchar|char|bit varying|bit)\((\d+)\)")
_SMALL_TYPES = {"numeric": 64, "inet": 20, "cidr": 20, "varbit": 64}
_TEXTS = {"text", "varchar", "bpchar", "citext", "bytea", "varbit"}
ARRAYS_OF_TEXT = {"_text", "_varchar", "_bpchar", "_citext", "_bytea"}
_WIDE_ELEMENTS = ARRAYS_OF_TEXT | {"hstore"}
# What comes out is short, whatever goes in.
_DIGEST = re.compile(
    r"(?i)^\(*\s*(?:pg_catalog\.)?(?:md5|sha\d+|hashtext\w*|length|char_length|octet_length|cardinality|date|"
    r"jsonb_array_length|array_length|jsonb_typeof|num_nonnulls|crc32)\s*\("
)
_SHORT_CAST = re.compile(
    r"(?i)::\s*(?:int\w*|bigint|smallint|numeric|date|timestamp\w*|time|bool\w*|uuid|float\d|real|double precision)\)*$"
    r"|\bas\s+(?:int\w*|bigint|smallint|numeric|date|timestamp\w*|time|bool\w*|uuid|float\d|real|double precision)"
    r"(?:\(\d+\))?\s*\)+$"
)


def takes_every_row(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    """Tell whether no row can be too large for an index; False also where that cannot be told."""
    if definition.method in ("hash", "hnsw", "ivfflat", "bloom"):
        return True
    if definition.method == "gin":
        return all(_has_narrow_elements(key, definition.table, snapshot) for key in definition.keys)
    if definition.method in ("gist", "spgist") and len(definition.keys) == 1:
        return True  # what is stored is a box, a range or a network
    bounds = [_bound_of_key(key, definition.table, snapshot) for key in definition.keys]
    bounds += [bound(definition.table, column, snapshot) for column in definition.include]
    return sum(bounds) <= _ROOM


def bound(table: QualifiedName, name: str, snapshot: Snapshot) -> float:
    """Return the bytes that no value of a column will exceed, as far as can be told; infinite where it cannot."""
    known = _bounds(snapshot)
    if (table, name) not in known:
        known[table, name] = _bound(table, name, snapshot)
    return known[table, name]


@once_a_snapshot
def _bounds(snapshot: Snapshot) -> dict[tuple[QualifiedName, str], float]:
    """Return what `bound` found so far."""
    return {}


def _bound(table: QualifiedName, name: str, snapshot: Snapshot) -> float:
    column = snapshot.table_by_name[table].column_by_name.get(name)
    if column is None:
        return _WITHOUT_LIMIT
    known = snapshot.statistics_by_column.get((table, name))
    if is_fixed(column.base_type) or column.base_type.endswith(("range", "multirange")):
        return 64
    if column.base_type in _SMALL_TYPES:
        return _SMALL_TYPES[column.base_type]
    if known is not None and known.average_width == 4 and column.base_type not in _TEXTS:
        return 64  # an enum, most likely
    seen = _seen(known)
    limits = [_by_length(column), _by_statistics(known, seen)]
    if _is_held(table, name, snapshot):
        limits.append(2.0 * max(seen, known.average_width if known else 0, 32))
    return min(limits)


def _by_length(column: Column) -> float:
    found = _LENGTH.match(column.type)
    return _BYTES_A_CHARACTER * int(found[1]) + 4 if found else _WITHOUT_LIMIT


def _by_statistics(known: ColumnStatistics | None, seen: int) -> float:
    if known is None:
        return _WITHOUT_LIMIT
    if not known.sample:
        return 4.0 * _NARROW_LONGEST if 0 < known.average_width <= _NARROW_UNSEEN else _WITHOUT_LIMIT
    return _of_values(seen, known.average_width)


def _of_values(longest: int, average: float) -> float:
    is_narrow = average <= _NARROW_AVERAGE and longest <= _NARROW_LONGEST
    # An average above the longest that was seen comes of values that the statistics leave out, over 1,000 bytes.
    is_alike = average - 4 <= longest <= _ALIKE_TIMES * average + _ALIKE_MORE
    return float(_MARGIN * max(longest, 16)) if is_narrow and is_alike else _WITHOUT_LIMIT


def _seen(known: ColumnStatistics | None) -> int:
    return max((len(value.encode()) for value in (known.sample if known else ())), default=0)


def _is_held(table: QualifiedName, column: str, snapshot: Snapshot) -> bool:
    """Tell whether an index of the whole table holds the column's values already."""
    return any(
        index.is_valid
        and index.definition.method == "btree"
        and index.definition.predicate is None
        and column in (*(key.column for key in index.definition.keys), *index.definition.include)
        for index in snapshot.indexes_by_table.get(table, ())
    )


def _bound_of_key(key: IndexKey, table: QualifiedName, snapshot: Snapshot) -> float:
    if key.column is not None:
        return bound(table, key.column, snapshot)
    text = key.expression or ""
    columns = snapshot.table_by_name[table].column_by_name
    statistics = {name: snapshot.statistics_by_column.get((table, name)) for name in columns}
    if _DIGEST.match(text) or _SHORT_CAST.search(text) or is_fixed(describe(text, columns, statistics, 0.0).base_type):
        return 64
    if (length := prefix_length(text)) is not None:
        return _BYTES_A_CHARACTER * length + 4
    read = [name for name in columns if mentions(text, name)]
    inside = values_inside(text, columns, statistics)
    if inside is not None and read:
        known = statistics[read[0]]
        if not inside or known is None or known.average_width > _NARROW_DOCUMENT:
            return _WITHOUT_LIMIT
        sizes = [len(value.encode()) for value in inside]
        return _of_values(max(sizes), sum(sizes) / len(sizes))
    return 2 * sum(bound(table, name, snapshot) for name in read) if read else _WITHOUT_LIMIT


def _has_narrow_elements(key: IndexKey, table: QualifiedName, snapshot: Snapshot) -> bool:
    """Tell whether the items that GIN makes of a value are narrow; of a document, a text or its trigrams they are."""
    if key.column is None:
        return True
    column = snapshot.table_by_name[table].column_by_name.get(key.column)
    if column is None or column.base_type not in _WIDE_ELEMENTS or _by_length(column) <= _ROOM:
        return True
    known = snapshot.statistics_by_column.get((table, key.column))
    if known is None or known.average_width > _NARROW_DOCUMENT:
        return False
    if column.base_type == "hstore":
        return _by_statistics(known, _seen(known)) <= _ROOM
    return _has_narrow_arrays(known)


def _has_narrow_arrays(known: ColumnStatistics) -> bool:
    """Tell whether the elements of arrays are narrow and alike, as far as their statistics show.

    The common elements tell nothing: the wide ones are rare. Values over 1,000 bytes are left out of a sample, but not
    of the average.
    """
    arrays = [list(array_elements(value)) for value in known.sample]
    lengths = [len(element.encode()) for array in arrays for element in array]
    lengths += [len(element.encode()) for element in known.common_elements or ()]
    if not lengths or known.average_width > max(map(_array_bytes, arrays), default=0):
        return False
    average = sum(lengths) / len(lengths)
    return average <= _NARROW_AVERAGE and max(lengths) <= min(_NARROW_LONGEST, _ALIKE_TIMES * average + _ALIKE_MORE)


def _array_bytes(elements: list[str]) -> int:
    """Return the bytes of an array: a header of 24, and each element with four of its own, aligned to four."""
    return 24 + sum((len(element.encode()) + 7) // 4 * 4 for element in elements)
