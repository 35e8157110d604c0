"""How long CREATE INDEX CONCURRENTLY takes; estimated.

The rates were measured on PostgreSQL 18 and pgvector 0.8 with two cores, tables in memory and no other load: 45 B-trees
over 0.2 to 12 million rows, 21 indexes of other methods over 1,000 to 200,000. They give the order of magnitude: a
server whose disk is slow, or that is busy, takes several times as long. Waiting for transactions that hold the table
comes on top, twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.sizes import IndexSize, estimate_size
from pgwright.sizes.gin import items_per_row
from pgwright.sizes.keys import keys_of
from pgwright.sizes.size import parameter
from pgwright.sizes.vectors import HNSW_EF_CONSTRUCTION, HNSW_M, IVFFLAT_LISTS, dimensions

_SCANS = 2  # one to build, one to add what was written meanwhile
_HEAP_PAGE_SECONDS = 5e-6
_INDEX_PAGE_SECONDS = 20e-6
_COMPARISON_SECONDS = 16e-9
# Text and numeric are compared by a function of their own, where a number is compared in place.
_SLOW_COMPARISON = 1.8
_SLOW_TO_COMPARE = {"text", "varchar", "bpchar", "citext", "numeric", "jsonb"}
_GIN_ITEM_SECONDS, _GIN_PAGE_SECONDS = 0.12e-6, 350e-6
_GIST_ROW_SECONDS = 3e-6  # 1 where it is built by sorting, 5 to 10 where by inserting
_HNSW_NEIGHBOUR_SECONDS, _HNSW_DIMENSION_SECONDS = 15e-9, 0.007e-9
# pgvector's README: once the graph no longer fits maintenance_work_mem, it takes "significantly longer".
_HNSW_OUT_OF_MEMORY = 5.0
_IVFFLAT_DISTANCE_SECONDS = 1.5e-9  # a dimension
_DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024


def build_seconds(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize | None = None) -> float:
    """Return the estimated seconds of one CREATE INDEX CONCURRENTLY; of a partitioned table, those of all partitions.

    Args:
        size: of the index; None: it is estimated, a partial one as if it held every row.
    """
    tables = tuple(_with_rows(snapshot, definition.table))
    size = size or estimate_size(definition, snapshot, sum(table.rows for table in tables))
    reading = _SCANS * sum(table.pages for table in tables) * _HEAP_PAGE_SECONDS
    work = _WORK.get(definition.method, _sorted)
    return reading + work(definition, snapshot, size) + size.pages * _INDEX_PAGE_SECONDS


def _with_rows(snapshot: Snapshot, name: QualifiedName) -> Iterator[Table]:
    """Yield the table, or the partitions below it."""
    table = snapshot.table_by_name[name]
    if table.kind != "partitioned table":
        yield table
        return
    for part in snapshot.tables:
        if part.parent == name:
            yield from _with_rows(snapshot, part.name)


def _sorted(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    is_slow = any(key.base_type in _SLOW_TO_COMPARE for key in keys_of(definition, snapshot)[:1])
    each = _COMPARISON_SECONDS * (_SLOW_COMPARISON if is_slow else 1.0)
    return size.rows * math.log2(max(size.rows, 2.0)) * each


def _gin(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    return size.rows * items_per_row(definition, snapshot) * _GIN_ITEM_SECONDS + size.pages * _GIN_PAGE_SECONDS


def _inserted(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    return size.rows * _GIST_ROW_SECONDS


def _summarized(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    return 0.0  # to read the table is all


def _hnsw(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    m = parameter(definition, "m", HNSW_M)
    looked_at = parameter(definition, "ef_construction", HNSW_EF_CONSTRUCTION) * m * math.log2(max(size.rows, 2.0))
    each = _HNSW_NEIGHBOUR_SECONDS + _HNSW_DIMENSION_SECONDS * dimensions(definition, snapshot)
    setting = snapshot.setting_by_name.get("maintenance_work_mem")
    memory = int(setting.raw) * 1024 if setting and setting.raw.isdigit() else _DEFAULT_MEMORY_BYTES
    return size.rows * looked_at * each * (_HNSW_OUT_OF_MEMORY if size.size_bytes > memory else 1.0)


def _ivfflat(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize) -> float:
    lists = parameter(definition, "lists", IVFFLAT_LISTS)
    return size.rows * lists * dimensions(definition, snapshot) * _IVFFLAT_DISTANCE_SECONDS


_WORK: dict[str, Callable[[IndexDefinition, Snapshot, IndexSize], float]] = {
    "gin": _gin,
    "gist": _inserted,
    "spgist": _inserted,
    "brin": _summarized,
    "bloom": _summarized,
    "hnsw": _hnsw,
    "ivfflat": _ivfflat,
}
