"""How large the other access methods' indexes are: BRIN, GiST, SP-GiST, hash, bloom.

Source: src/backend/access/{brin,gist,hash}/README and their headers, PostgreSQL 18.
"""

from __future__ import annotations

import math

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.items import items_of
from pgwright.sizes.keys import Key, keys_of
from pgwright.sizes.size import (
    LINE_POINTER_BYTES,
    PAGE_SPACE,
    TUPLE_HEADER_BYTES,
    IndexSize,
    aligned,
    parameter,
)

_RANGES_PER_MAP_PAGE = 1_360  # REVMAP_PAGE_MAXITEMS
_PAGES_PER_RANGE = 128  # BRIN_DEFAULT_PAGES_PER_RANGE
_MULTI_VALUES = 32  # values_per_range of minmax_multi
_BLOOM_DISTINCT_SHARE, _BLOOM_LEAST, _TUPLES_PER_PAGE = 0.1, 16, 291  # brin_bloom.c, MaxHeapTuplesPerPage
_BLOOM_BITS_EACH = 9.6  # -ln(p) / ln(2)² at the default false positive rate of 0.01
_BRIN_HEADER_BYTES = 8

# Built by sorting, pages are filled, except where pages are split by place (points); built by inserting, splits
# leave them emptier. Measured on PostgreSQL 18.
_SORTED_FILL, _INSERTED_FILL = 1.0, 0.67
# Ranges are sorted too, but full pages are split by their bounds: 1.0 where all are alike, 0.56 where lengths differ.
_RANGE_FILL = 0.77
_SPGIST_FILL, _SPGIST_TEXT_FILL = 0.7, 0.8
_SPGIST_HEADER_BYTES = 16  # SGLTHDRSZ
_TRIGRAM_BYTES = 3
_SIGNATURE_BYTES = 124  # gist_trgm_ops and tsvector_ops keep this much of a long leaf key
_BUCKET_FILL = 75  # HASH_DEFAULT_FILLFACTOR
_IPV4_BYTES = 10  # of an inet in a table: header, family, length, 4 of address; at most
_HASH_TUPLE_BYTES = 16 + LINE_POINTER_BYTES
_BLOOM_TUPLE_BYTES = 16


def estimate_brin(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a BRIN index: one summary for each range of pages."""
    table = snapshot.table_by_name[definition.table]
    each = parameter(definition, "pages_per_range", _PAGES_PER_RANGE)
    ranges = max(1, math.ceil(table.pages / each))
    width = _BRIN_HEADER_BYTES
    per_range = rows / ranges
    for key, described in zip(keys_of(definition, snapshot), definition.keys, strict=True):
        operators = described.operator_class or ""
        if "bloom" in operators:
            # n_distinct_per_range -0.1: a tenth of the rows that could be in the range.
            values = max(_BLOOM_LEAST, _BLOOM_DISTINCT_SHARE * _TUPLES_PER_PAGE * each)
            width += min(aligned(values * _BLOOM_BITS_EACH / 8) + 24, PAGE_SPACE - 64)
        elif "multi" in operators:
            width += round(min(_MULTI_VALUES, per_range) * key.widths.average) + 24
        else:
            width += 2 * aligned(key.widths.average, max(key.widths.alignment, 1))
    per_page = max(1, int((PAGE_SPACE - 8) / (aligned(width) + LINE_POINTER_BYTES)))
    return IndexSize(1 + math.ceil(ranges / _RANGES_PER_MAP_PAGE) + math.ceil(ranges / per_page), 0, rows)


def estimate_gist(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a GiST index: one tuple a row, and pages above of the same kind."""
    keys = keys_of(definition, snapshot)
    width = sum(
        _gist_bytes(key, described.operator_class, snapshot, definition.table)
        for key, described in zip(keys, definition.keys, strict=True)
    )
    is_sorted = all(_is_sortable(key, d.operator_class) for key, d in zip(keys, definition.keys, strict=True))
    fill = _INSERTED_FILL if not is_sorted else _RANGE_FILL if _is_range(keys[0]) else _SORTED_FILL
    return _tree(rows, aligned(TUPLE_HEADER_BYTES + width), fill)


def estimate_spgist(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate an SP-GiST index: one tuple a row; of text only what follows the common prefix, kept once."""
    (key,) = keys_of(definition, snapshot)[:1]
    is_text = key.base_type in ("text", "varchar")
    width = max(0.0, key.widths.average - (_common_prefix_bytes(key) if is_text else 0))
    return _tree(rows, _SPGIST_HEADER_BYTES + aligned(width), _SPGIST_TEXT_FILL if is_text else _SPGIST_FILL)


def _common_prefix_bytes(key: Key) -> int:
    texts = (key.known.histogram if key.known else None) or ("",)
    first, last = min(texts), max(texts)
    different = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return len(first[: next(different, min(len(first), len(last)))].encode())


def _tree(rows: float, tuple_bytes: float, fill: float) -> IndexSize:
    per_page = max(2.0, (PAGE_SPACE - 16) * fill / (tuple_bytes + LINE_POINTER_BYTES))
    pages, height, level = math.ceil(rows / per_page), 0, rows / per_page
    while level > 1:
        level /= per_page
        pages += math.ceil(level)
        height += 1
    return IndexSize(max(1, pages), height, rows)


def _gist_bytes(key: Key, operator_class: str | None, snapshot: Snapshot, table: QualifiedName) -> float:
    rows = snapshot.table_by_name[table].rows
    if "trgm" in (operator_class or "") and key.known:
        return _TRIGRAM_BYTES * items_of(key.known, key.base_type, operator_class, rows).per_row + 5
    if key.base_type == "tsvector" and key.known:
        return min(4 * items_of(key.known, key.base_type, None, rows).per_row + 12, 2 * _SIGNATURE_BYTES)
    if key.base_type == "point":
        return 32.0  # as a box
    if _is_range(key):
        return key.widths.average
    if key.base_type in ("inet", "cidr"):
        return 20.0 if key.widths.average > _IPV4_BYTES else 8.0  # GistInetKey
    if key.base_type in ("geometry", "geography", "polygon", "circle", "box"):
        return 32.0
    return 2 * key.widths.average  # btree_gist keeps a lower and an upper bound


def _is_range(key: Key) -> bool:
    return key.base_type.endswith("range")


def _is_sortable(key: Key, operator_class: str | None) -> bool:
    """Tell whether a class has a sort support function, so that the index is built by sorting (PostgreSQL 14, 18)."""
    return "trgm" not in (operator_class or "") and key.base_type not in ("tsvector", "point", "box", "inet")


def estimate_hash(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate a hash index: buckets in powers of two, in quarters of them from 1,024 on, and pages that overflow."""
    per_page = PAGE_SPACE - 16
    wanted = rows / (per_page * parameter(definition, "fillfactor", _BUCKET_FILL) / 100 / _HASH_TUPLE_BYTES)
    power = max(1, math.floor(math.log2(max(wanted, 2.0))))
    step = 2**power if power < 9 else 2**power // 4
    buckets = 2**power + step * math.ceil(max(0.0, wanted - 2**power) / step)
    (key,) = keys_of(definition, snapshot)[:1]
    shares = [*(key.known.common_frequencies or ())] if key.known else []
    left = max(0.0, 1.0 - sum(shares) - (key.known.null_fraction if key.known else 0.0))
    fits = per_page / _HASH_TUPLE_BYTES
    overflow = sum(max(0.0, rows * share / fits - 1) for share in shares)
    overflow += _spill(rows * left / buckets, rows * left / max(key.distinct - len(shares), 1.0), fits) * buckets
    return IndexSize(2 + buckets + math.ceil(overflow), 0, rows)


def _spill(average: float, each: float, fits: float) -> float:
    """Return the overflow pages of a bucket with so many rows on average, that come so many at a time."""
    spread = math.sqrt(max(average * max(each, 1.0), 1e-9))
    above = (fits - average) / spread
    chance = 0.5 * math.erfc(above / math.sqrt(2))
    return max(chance, average / fits - 1)


def estimate_bloom(rows: float) -> IndexSize:
    """Estimate a bloom index with the default signature of 80 bits: 16 bytes a row."""
    return IndexSize(1 + math.ceil(rows * _BLOOM_TUPLE_BYTES / PAGE_SPACE), 0, rows)
