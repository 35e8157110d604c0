"""How long it takes to build an index; estimated, by rates and the sizes of table and index.

The rates of a B-tree are given: measured on this machine, or those of `model/rates.py`. Those of other methods were
measured on PostgreSQL 18 and pgvector 0.8 with two cores, tables in memory and no other load, 21 indexes over 1,000 to
200,000 rows, and are scaled by how fast the machine is. They give the order of magnitude: a server whose disk is slow,
or that is busy, takes several times as long. Waiting for transactions that hold the table comes on top, twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pgwright.model.index import IndexDefinition
from pgwright.model.rates import DEFAULT_RATES, Rates
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.sizes import IndexSize, estimate_size
from pgwright.sizes.gin import items_per_row
from pgwright.sizes.keys import Key, keys_of
from pgwright.sizes.size import parameter
from pgwright.sizes.vectors import HNSW_EF_CONSTRUCTION, HNSW_M, IVFFLAT_LISTS, dimensions
from pgwright.sizes.workers import maintenance_bytes, workers

# Text and numeric are compared by a function of their own, where a number is compared in place.
_TEXTS = {"text", "varchar", "bpchar", "citext"}
_SLOW_TO_COMPARE = {*_TEXTS, "numeric", "jsonb"}
# By the rules of a language there is no short form of a text to compare first, and the function is slower.
_OF_A_LANGUAGE = 3.0
_BYTEWISE = {"C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic", "pg_c_utf8"}
# Rows that lie in the order of the key are compared once each.
_IN_ORDER = 0.99
# A row handed to an index that only notes extremes, as a share of one handed to a B-tree.
_SUMMARIZED = 0.25
# btree_gist sorts numbers from 18 on; what has no order is inserted.
_GIST_SORTS_SINCE, _GIST_SORTED = (
    18,
    {"int2", "int4", "int8", "float4", "float8", "numeric", "date", "timestamp", "timestamptz", "uuid"},
)
# The second look of CONCURRENTLY sorts the addresses of all rows.
_SECOND_LOOK = 0.5
_GIN_ITEM_SECONDS, _GIN_PAGE_SECONDS = 0.12e-6, 350e-6
GIST_ROW_SECONDS = 3e-6
"""1 where it is built by sorting, 5 to 10 where by inserting."""
_HNSW_NEIGHBOUR_SECONDS, _HNSW_DIMENSION_SECONDS = 15e-9, 0.007e-9
# pgvector's README: once the graph no longer fits maintenance_work_mem, it takes "significantly longer".
_HNSW_OUT_OF_MEMORY = 5.0
_IVFFLAT_DISTANCE_SECONDS = 1.5e-9  # a dimension

_Work = tuple[float, float]
"""The seconds of what parallel workers share, and of what the session does alone."""


def build_seconds(
    definition: IndexDefinition,
    snapshot: Snapshot,
    size: IndexSize | None = None,
    *,
    rates: Rates = DEFAULT_RATES,
    is_concurrent: bool = True,
) -> float:
    """Return the estimated seconds of one CREATE INDEX; of a partitioned table, those of all partitions.

    Args:
        size: of the index; None: it is estimated, a partial one as if it held every row.
        rates: how fast the machine is.
        is_concurrent: whether it is built CONCURRENTLY, which reads the table twice.
    """
    tables = tuple(snapshot.leaves(definition.table))
    size = size or estimate_size(definition, snapshot, sum(table.rows for table in tables))
    reading = sum(table.pages * rates.page_read + table.rows * rates.row_read for table in tables)
    shared, own = _WORK.get(definition.method, _sorted)(definition, snapshot, size, rates)
    largest = max((table.pages for table in tables), default=0)
    together = (reading + shared) / (1 + workers(definition, snapshot, largest) * rates.worker_share)
    again = reading + size.rows * rates.key_sorted * _SECOND_LOOK if is_concurrent else 0.0
    return together + own + size.pages * rates.page_written + again


def comparisons(rows: float) -> float:
    """Return how many comparisons sort so many keys."""
    return rows * math.log2(max(rows, 2.0))


def gin_seconds(items: float, pages: float) -> float:
    """Return how long it takes to put so many items into a GIN index of so many pages."""
    return items * _GIN_ITEM_SECONDS + pages * _GIN_PAGE_SECONDS


def _sorted(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    keys = keys_of(definition, snapshot)
    table = snapshot.table_by_name[definition.table]
    each = _comparison(keys[0], table, snapshot, rates) if keys else rates.key_compared
    known = keys[0].known if keys else None
    # A later key is compared where the first is equal.
    if len(keys) > 1 and keys[0].distinct < size.rows / 2:
        each += max(_comparison(key, table, snapshot, rates) for key in keys[1:])
    is_in_order = len(keys) == 1 and known is not None and abs(known.correlation or 0.0) > _IN_ORDER
    compared = size.rows if is_in_order else comparisons(size.rows)
    return compared * each, size.rows * rates.key_sorted


def _comparison(key: Key, table: Table, snapshot: Snapshot, rates: Rates) -> float:
    if key.base_type not in _SLOW_TO_COMPARE:
        return rates.key_compared
    column = table.column_by_name.get(key.name or "")
    collation = (column.collation if column else None) or snapshot.server.locale or snapshot.server.collation
    is_bytewise = key.base_type not in _TEXTS or collation.rpartition(".")[2].strip('"') in _BYTEWISE
    is_bytewise |= collation in _BYTEWISE
    return rates.text_compared * (1.0 if is_bytewise else _OF_A_LANGUAGE)


def _gin(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    return 0.0, gin_seconds(size.rows * items_per_row(definition, snapshot), size.pages) * rates.gin_share


def _inserted(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    types = {key.base_type for key in keys_of(definition, snapshot)}
    if definition.method == "gist" and snapshot.server.major >= _GIST_SORTS_SINCE and types <= _GIST_SORTED:
        return 0.0, size.rows * rates.key_sorted + comparisons(size.rows) * rates.key_compared
    return 0.0, size.rows * GIST_ROW_SECONDS * rates.gist_share


def _summarized(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    return size.rows * rates.key_sorted * _SUMMARIZED, 0.0


def _hashed(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    return 0.0, size.rows * rates.entry_added  # each is put in by itself


def _hnsw(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    m = parameter(definition, "m", HNSW_M)
    looked_at = parameter(definition, "ef_construction", HNSW_EF_CONSTRUCTION) * m * math.log2(max(size.rows, 2.0))
    each = _HNSW_NEIGHBOUR_SECONDS + _HNSW_DIMENSION_SECONDS * dimensions(definition, snapshot)
    is_too_large = size.size_bytes > maintenance_bytes(snapshot)
    return size.rows * looked_at * each * (_HNSW_OUT_OF_MEMORY if is_too_large else 1.0) * _speed(rates), 0.0


def _ivfflat(definition: IndexDefinition, snapshot: Snapshot, size: IndexSize, rates: Rates) -> _Work:
    lists = parameter(definition, "lists", IVFFLAT_LISTS)
    return size.rows * lists * dimensions(definition, snapshot) * _IVFFLAT_DISTANCE_SECONDS * _speed(rates), 0.0


def _speed(rates: Rates) -> float:
    """Return how much longer the machine computes than that of the constants."""
    return rates.key_compared / DEFAULT_RATES.key_compared


_WORK: dict[str, Callable[[IndexDefinition, Snapshot, IndexSize, Rates], _Work]] = {
    "gin": _gin,
    "gist": _inserted,
    "spgist": _inserted,
    "hash": _hashed,
    "brin": _summarized,
    "bloom": _summarized,
    "hnsw": _hnsw,
    "ivfflat": _ivfflat,
}
