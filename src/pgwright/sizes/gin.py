"""How large a GIN index is: a tree of entries, each with the addresses of its rows, packed to a few bytes each.

Source: src/backend/access/gin/{ginpostinglist,ginentrypage,gindatapage}.c of PostgreSQL 18.
"""

from __future__ import annotations

import math

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.items import Items, items_of
from pgwright.sizes.keys import Key, keys_of
from pgwright.sizes.size import LINE_POINTER_BYTES, PAGE_SPACE, TUPLE_HEADER_BYTES, IndexSize, aligned

_SPACE = PAGE_SPACE - 8  # GinPageOpaqueData
_LIST_HEADER_BYTES = 8  # GinPostingList: the first address, and a length
_SEGMENT_BYTES = 256  # GinPostingListSegmentTargetSize
_LONGEST_LIST_BYTES = 2_700  # GinMaxItemSize: a longer list becomes a tree of its own
# Entries come in order while it is built, and a page that is full is cut in half (entrySplitPage).
_ENTRY_FILL = 0.5
_OFFSETS = 2_048  # MaxHeapTuplesPerPageBits is 11: an address is block * 2048 + offset
_UNKNOWN = Items(((0.001, 5_000.0, 8.0),))


def estimate_gin(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a GIN index of so many rows, freshly built."""
    if rows <= 0:
        return IndexSize(2, 0, 0.0)  # a metapage and an empty root
    table = snapshot.table_by_name[definition.table]
    per_page = max(1.0, rows / max(table.pages, 1))
    entries = trees = 0.0
    for items in _items(definition, snapshot):
        for share, count, key_bytes in items.groups:
            held = max(1.0, share * rows)
            packed = _list_bytes(held, rows, per_page)
            if packed > _LONGEST_LIST_BYTES:
                leaves = math.ceil(packed / _SPACE)
                trees += count * (leaves + (leaves > 1))
                entries += count * _entry_bytes(key_bytes, 0.0)
                continue
            # An item is in a whole number of rows: 1.2 on average are four times one row and once two.
            fewer, more = (_entry_bytes(key_bytes, _list_bytes(whole + int(held), rows, per_page)) for whole in (0, 1))
            entries += count * (fewer + (more - fewer) * (held % 1))
    pages = math.ceil(entries / (_SPACE * _ENTRY_FILL)) + math.ceil(trees)
    return IndexSize(max(2, 1 + math.ceil(pages * 1.005)), 0, rows)


def _list_bytes(held: float, rows: float, per_page: float) -> float:
    """Return the bytes of the addresses of so many rows, packed."""
    listed = (held - 1) * _address_bytes(rows / held, per_page)
    return listed + _LIST_HEADER_BYTES * max(1.0, listed / _SEGMENT_BYTES)


def _entry_bytes(key_bytes: float, packed: float) -> float:
    return aligned(TUPLE_HEADER_BYTES + aligned(key_bytes, 2) + packed) + LINE_POINTER_BYTES


def items_per_row(definition: IndexDefinition, snapshot: Snapshot) -> float:
    """Return how many entries a GIN index keeps of one row."""
    return max(1.0, sum(items.per_row for items in _items(definition, snapshot)))


def _items(definition: IndexDefinition, snapshot: Snapshot) -> list[Items]:
    table = snapshot.table_by_name[definition.table]
    pairs: list[tuple[Key, str | None]] = [
        (key, described.operator_class)
        for key, described in zip(keys_of(definition, snapshot), definition.keys, strict=True)
    ]
    return [
        items_of(key.known, key.base_type, operator_class, table.rows) if key.known else _UNKNOWN
        for key, operator_class in pairs
    ]


def _address_bytes(gap: float, per_page: float) -> float:
    """Return the average bytes of the distance to the next row, `gap` rows away on average.

    Seven bits a byte: one within a page, two up to 8 pages, three up to 1,024, four up to 131,072.
    """
    ratio = per_page / gap
    same_page = 1 + math.expm1(-ratio) / ratio
    far = sum(math.exp(-ratio * 2**bits / _OFFSETS) for bits in (14, 21, 28))
    return same_page + 2 * (1 - same_page) + far
