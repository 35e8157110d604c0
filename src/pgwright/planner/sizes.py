"""How large an index would be, and how high; estimated from column widths and the number of rows.

Source: the B-tree's page and tuple layout, src/include/access/nbtree.h and itup.h of PostgreSQL 18.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import PAGE_BYTES, Snapshot

_USABLE_BYTES = PAGE_BYTES - 24 - 16  # page header and B-tree special space
_TUPLE_HEADER_BYTES = 8
_LINE_POINTER_BYTES = 4
_TID_BYTES = 6
_LEAF_FILL = 0.90  # BTREE_DEFAULT_FILLFACTOR
_INNER_FILL = 0.70  # BTREE_NONLEAF_FILLFACTOR
_POSTING_LIST_BYTES = 1_344  # a posting list is kept under a sixth of a page: BTMaxItemSize / 2
_DEFAULT_WIDTH = 32


@dataclass(frozen=True)
class IndexSize:
    pages: int
    tree_height: int
    rows: float

    @property
    def size_bytes(self) -> int:
        return self.pages * PAGE_BYTES


def _aligned(width: float) -> int:
    return 8 * math.ceil(width / 8)


def key_width(definition: IndexDefinition, snapshot: Snapshot, *, with_included: bool = True) -> float:
    """Return the average bytes of the values in one index tuple."""
    columns = [key.column for key in definition.keys] + (list(definition.include) if with_included else [])
    # The statistics of an index's expressions stand under the index's own name, in their order.
    own = iter(snapshot.statistics_by_relation.get(QualifiedName(definition.table.schema, definition.name), ()))
    found = [
        snapshot.statistics_by_column.get((definition.table, column)) if column is not None else next(own, None)
        for column in columns
    ]
    return float(sum(known.average_width if known else _DEFAULT_WIDTH for known in found))


def estimate_size(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a B-tree of so many rows, freshly built. Equal keys share a tuple, as they do since PostgreSQL 13."""
    tuple_bytes = _aligned(_TUPLE_HEADER_BYTES + key_width(definition, snapshot)) + _LINE_POINTER_BYTES
    groups = min(_distinct_keys(definition, snapshot, rows), rows) if not definition.include else rows
    leaf_bytes = rows * tuple_bytes
    if groups > 0 and rows / groups > 1.5:
        tuples = max(groups, rows * _TID_BYTES / _POSTING_LIST_BYTES)
        leaf_bytes = min(leaf_bytes, rows * _TID_BYTES + tuples * tuple_bytes)
    leaves = max(1, math.ceil(leaf_bytes / (_USABLE_BYTES * _LEAF_FILL)))
    fan_out = inner_fan_out(key_width(definition, snapshot, with_included=False))
    pages, height, level = leaves, 0, leaves
    while level > 1:
        level = math.ceil(level / fan_out)
        pages += level
        height += 1
    return IndexSize(pages + 1, height, rows)


def tree_height(pages: int, width: float) -> int:
    """Return the likely height of a B-tree of so many pages in all and so many bytes of key.

    A root is split only when it is full, pages below it are filled to about 70 %.
    """
    leaves = max(1, pages - 1)
    per_page = inner_fan_out(width)
    capacity, height = 1.0, 0
    while capacity < leaves:
        height += 1
        capacity = per_page**height
    return height


def inner_fan_out(width: float) -> float:
    """Return how many children a page above the leaves has, for keys of so many bytes."""
    return _USABLE_BYTES * _INNER_FILL / (_aligned(_TUPLE_HEADER_BYTES + width) + _LINE_POINTER_BYTES)


def _distinct_keys(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> float:
    distinct = 1.0
    for key in definition.keys:
        known = snapshot.statistics_by_column.get((definition.table, key.column)) if key.column else None
        distinct *= max(known.distinct_count(rows), 1.0) if known else rows
    return max(distinct, 1.0)
