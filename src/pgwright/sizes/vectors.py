"""How large the indexes of pgvector are: HNSW and IVFFlat.

Source: src/hnsw.h, src/hnswbuild.c and src/ivfflat.h of pgvector 0.8.
"""

from __future__ import annotations

import math
import re

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.size import (
    LINE_POINTER_BYTES,
    PAGE_SPACE,
    TID_BYTES,
    TUPLE_HEADER_BYTES,
    IndexSize,
    aligned,
    parameter,
)

_SPACE = PAGE_SPACE - 8  # HnswPageOpaqueData, IvfflatPageOpaqueData
_VECTOR_HEADER_BYTES = 8  # length, dimension, unused
_ELEMENT_BYTES = 72  # HnswElementTupleData before its vector: flags, ten row addresses, one of the neighbours
_NEIGHBOURS_BYTES = 4  # HnswNeighborTupleData before its addresses
_LIST_BYTES = 8  # IvfflatListData before its centre
_DIMENSIONS = re.compile(r"\((\d+)\)")
_UNKNOWN_DIMENSIONS = 768
HNSW_M, HNSW_EF_CONSTRUCTION, IVFFLAT_LISTS = 16, 64, 100  # pgvector's defaults


def dimensions(definition: IndexDefinition, snapshot: Snapshot) -> int:
    """Return the length of the indexed vector, from its type, or else from its average width."""
    key = definition.keys[0]
    table = snapshot.table_by_name[definition.table]
    column = table.column_by_name.get(key.column or "")
    if found := _DIMENSIONS.search((column.type if column else "") + (key.expression or "")):
        return int(found[1])
    known = snapshot.statistics_by_column.get((definition.table, key.column or ""))
    if known and known.average_width > 2 * _VECTOR_HEADER_BYTES + 18:  # 18: a pointer to a TOASTed value
        return max(1, round((known.average_width - _VECTOR_HEADER_BYTES) / _bytes_each(definition, snapshot)))
    return _UNKNOWN_DIMENSIONS


def estimate_hnsw(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate an HNSW index: for each row its vector, and the addresses of 2·m neighbours, m more a level above."""
    m = parameter(definition, "m", HNSW_M)
    element = aligned(_ELEMENT_BYTES + _vector_bytes(definition, snapshot))
    # A row reaches the next level with the chance 1 / m.
    neighbours = aligned(_NEIGHBOURS_BYTES + 2 * m * TID_BYTES) + m * TID_BYTES / (m - 1 if m > 1 else 1)
    per_page = max(1, int(_SPACE / (element + neighbours + 2 * LINE_POINTER_BYTES)))
    # Where both do not fit on one page, the neighbours stand on the next.
    pages_each = 1 / per_page if element + neighbours + 2 * LINE_POINTER_BYTES <= _SPACE else 2.0
    return IndexSize(1 + max(1, math.ceil(rows * pages_each)), 0, rows)


def estimate_ivfflat(definition: IndexDefinition, snapshot: Snapshot, rows: float) -> IndexSize:
    """Estimate an IVFFlat index: the centres of its lists, and the vectors, each list with pages of its own."""
    lists = parameter(definition, "lists", IVFFLAT_LISTS)
    vector = _vector_bytes(definition, snapshot)
    per_page = max(1, int(_SPACE / (aligned(TUPLE_HEADER_BYTES + vector) + LINE_POINTER_BYTES)))
    centres = max(1, int(_SPACE / (aligned(_LIST_BYTES + vector) + LINE_POINTER_BYTES)))
    filled = rows / per_page + lists * 0.5 * (1 - 1 / per_page)
    return IndexSize(1 + math.ceil(lists / centres) + math.ceil(max(filled, lists)), 0, rows)


def _bytes_each(definition: IndexDefinition, snapshot: Snapshot) -> float:
    column = snapshot.table_by_name[definition.table].column_by_name.get(definition.keys[0].column or "")
    text = f"{column.base_type if column else ''} {definition.keys[0].operator_class} {definition.keys[0].expression}"
    return 2.0 if "halfvec" in text else 1 / 8 if "bit" in text else 4.0


def _vector_bytes(definition: IndexDefinition, snapshot: Snapshot) -> int:
    return _VECTOR_HEADER_BYTES + math.ceil(dimensions(definition, snapshot) * _bytes_each(definition, snapshot))
