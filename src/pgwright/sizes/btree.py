"""How large a B-tree is when it is built: tuples laid out, equal keys in posting lists, pages filled as nbtsort does.

Source: src/backend/access/nbtree/{nbtsort,nbtdedup,nbtutils}.c and src/include/access/nbtree.h of PostgreSQL 18.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.sizes.groups import FrequencyGroup, groups_of
from pgwright.sizes.keys import included_of, keys_of
from pgwright.sizes.size import (
    LINE_POINTER_BYTES,
    PAGE_SPACE,
    TID_BYTES,
    TUPLE_HEADER_BYTES,
    IndexSize,
    aligned,
    parameter,
)
from pgwright.sizes.widths import Widths, lay_out

_SPACE = PAGE_SPACE - 16  # BTPageOpaqueData
_LEAF_FILL = 90  # BTREE_DEFAULT_FILLFACTOR
_INNER_FILL = 70  # BTREE_NONLEAF_FILLFACTOR
_NULL_HEADER_BYTES = 16  # a header, and a bitmap of 32 columns
_TID_ATTRIBUTE_BYTES = 8  # kept in a pivot whose neighbours have equal keys
# A tuple with its posting list takes at most a tenth of a page while the index is built: _bt_load.
_POSTING_BYTES = PAGE_BYTES * 10 // 100 // 8 * 8 - LINE_POINTER_BYTES
# Up to so many rows a key, each possible number of them is weighed; beyond, the average is good enough.
_FEW = 40


def estimate_btree(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a B-tree of so many rows, freshly built."""
    if rows < 1:
        return IndexSize(1, 0, rows)
    keys = keys_of(definition, snapshot)
    included = included_of(definition, snapshot)
    table = snapshot.table_by_name[definition.table]
    groups, prefixes = groups_of(keys, definition, table, snapshot, rows)
    is_kept_once = not included and not definition.is_unique and not _is_off(definition)
    is_deduplicated = is_kept_once and all(key.is_equal_image for key in keys)
    fill = parameter(definition, "fillfactor", _LEAF_FILL)
    columns = [key.widths for key in (*keys, *included)]
    fixed = tuple(len(column.values) == 1 for column in columns)
    leaves = tuples = 0.0
    for group in groups:
        size = _tuple_bytes(columns, group.nulls)
        used, count = _leaves(group, rows, size, fill, is_deduplicated, is_steady=all(fixed) and len(groups) == 1)
        leaves += used
        tuples += count
    return _tree(max(1, math.ceil(leaves - 1e-6)), _pivot_bytes([key.widths for key in keys], prefixes, tuples), rows)


def tree_height(pages: int, width: float) -> int:
    """Return the likely height of a B-tree of so many pages in all and so many bytes of key."""
    return _tree(max(1, pages - 1), aligned(TUPLE_HEADER_BYTES + width), 0.0).tree_height


def _is_off(definition: IndexDefinition) -> bool:
    return any(
        text.replace(" ", "").lower() in ("deduplicate_items=off", "deduplicate_items=false")
        for text in definition.parameters
    )


def _tree(leaves: int, pivot: float, rows: float) -> IndexSize:
    """Add the levels above the leaves, and the metapage."""
    fan_out = max(2, int((_SPACE - 2 * LINE_POINTER_BYTES - _reserve(_INNER_FILL)) / (pivot + LINE_POINTER_BYTES)))
    pages, height, level = leaves, 0, leaves
    while level > 1:
        level = math.ceil(level / fan_out)
        pages += level
        height += 1
    return IndexSize(pages + 1, height, rows)


def _reserve(fill: int) -> int:
    return PAGE_BYTES * (100 - fill) // 100


def _tuple_bytes(columns: Sequence[Widths], nulls: int) -> float:
    """Return the average bytes of a tuple, MAXALIGNed."""
    present = [column for position, column in enumerate(columns) if not nulls >> position & 1]
    header = _NULL_HEADER_BYTES if nulls else TUPLE_HEADER_BYTES
    return _average_tuple(tuple(present), header)


@lru_cache(maxsize=16_384)
def _average_tuple(columns: tuple[Widths, ...], header: int) -> float:
    ends = lay_out(columns)
    return sum(aligned(header + end) for end in ends) / len(ends)


def _leaves(
    group: FrequencyGroup, rows: float, size: float, fill: int, is_deduplicated: bool, *, is_steady: bool
) -> tuple[float, float]:
    """Return the leaf pages that a group of keys takes, and its tuples."""
    held = group.share * rows
    each = held / group.keys
    if not is_deduplicated or each < 1.0001:
        return held / _per_leaf(size + LINE_POINTER_BYTES, 0.0, fill, is_steady=is_steady), held
    count, total, squares, lists = posting_moments(round(each, 3 if each < _FEW else 0), round(size))
    typical = squares / total  # what is met at a page's end is rather a large tuple
    per_leaf = _per_leaf(typical, lists, fill, is_steady=each >= 2 * _POSTING_BYTES / TID_BYTES)
    return group.keys * total / (per_leaf * typical), group.keys * count


def _per_leaf(bytes_each: float, posting: float, fill: int, *, is_steady: bool) -> float:
    """Return how many tuples of so many bytes, line pointer included, fill a leaf.

    A page ends when less than its fill factor leaves is free, the last posting list not counted, or nothing more fits;
    its last tuple then moves on to the next page. Where sizes vary, half of a tuple is lost on average.
    """
    soft = _SPACE - 2 * LINE_POINTER_BYTES - _reserve(fill) + posting
    most = min(soft / bytes_each, (_SPACE - 3 * LINE_POINTER_BYTES) / bytes_each - 1)
    return max(1.0, float(int(most)) if is_steady else most - 0.5)


@lru_cache(maxsize=65_536)
def posting_moments(each: float, size: int) -> tuple[float, float, float, float]:
    """Return what one key with so many rows on average takes: tuples, bytes, bytes squared, bytes of a list.

    Rows a key follow a Poisson distribution without its zero when they are few. Line pointers are counted.
    """
    most = (_POSTING_BYTES // 8 * 8 - size) // TID_BYTES
    if most < 2:
        one = size + LINE_POINTER_BYTES
        return each, each * one, each * one**2, 0.0
    if each >= _FEW:
        full = int(each // most) if each > most else 0
        rest = max(1.0, each - full * most)
        weights = [(1.0, full, rest)]
    else:
        rate = _rate(each)
        weights = []
        chance = math.exp(-rate) / (1 - math.exp(-rate))
        for rows in range(1, int(each + 8 * math.sqrt(each) + 8)):
            chance *= rate / rows
            weights.append((chance, 0, float(rows)))
    count = total = squares = lists = 0.0
    whole = aligned(size + most * TID_BYTES) + LINE_POINTER_BYTES
    for weight, full, rest in weights:
        last = (aligned(size + rest * TID_BYTES) if rest > 1 else size) + LINE_POINTER_BYTES
        count += weight * (full + 1)
        total += weight * (full * whole + last)
        squares += weight * (full * whole**2 + last**2)
        lists += weight * (full * whole * (whole - size) + last * (last - size - LINE_POINTER_BYTES))
    return count, total, squares, lists / total


def _rate(average: float) -> float:
    """Return the rate of a Poisson distribution whose mean without zero is so much: average = r / (1 - exp(-r))."""
    low, high = 1e-6, average
    for _ in range(40):
        middle = (low + high) / 2
        if middle / -math.expm1(-middle) < average:
            low = middle
        else:
            high = middle
    return low


def _pivot_bytes(keys: Sequence[Widths], prefixes: Sequence[float], tuples: float) -> float:
    """Return the average bytes of a tuple above the leaves: just the columns that tell two neighbours apart."""
    average = reached = 0.0
    for position, distinct in enumerate(prefixes):
        apart = min(1.0, distinct / max(tuples, 1.0))
        average += max(0.0, apart - reached) * _tuple_bytes(keys[: position + 1], 0)
        reached = max(reached, apart)
    return average + (1 - reached) * (_tuple_bytes(keys, 0) + _TID_ATTRIBUTE_BYTES)
