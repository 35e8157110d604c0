"""What the server does to tables, as seconds: rates times rows and pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.rates import Rates
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES, ForeignKey, Table
from pgwright.sizes.builds import GIST_ROW_SECONDS, build_seconds, comparisons, gin_seconds
from pgwright.sizes.gin import items_per_row
from pgwright.sizes.size import aligned

_ROW_HEADER_BYTES, _LINE_POINTER_BYTES, _PAGE_HEADER_BYTES = 24, 4, 24
# An entry whose place is where the one before it went.
_ENTRY_IN_ORDER = 0.4
_IN_ORDER = 0.9
PAGE_LOGGED = 0.5
"""What it takes to log a page, as a share of writing it and logging it."""
# In a large hash hardly a row is in the processor's cache.
_LARGE_HASH = 2.2
# A page that no buffer holds is read, and pushes another one out, which is written.
_MISSED = 3.0
_DEFAULT_BUFFERS = 16_384  # shared_buffers, 128 MB
# A pending list takes the entries and is merged now and then, which is dearer than to build the whole.
_GIN_ADDED = 3.0


def read_seconds(table: Table, rates: Rates) -> float:
    """Return how long it takes to look at each row, dead ones included."""
    return table.pages * rates.page_read + (table.rows + table.dead_rows) * rates.row_read


def rewrite_seconds(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to write all rows into a new file, large values too, and to build all indexes anew."""
    large = large_pages(table, snapshot) * rates.large_page_copied
    return read_seconds(table, rates) + copy_seconds(table, snapshot, rates) + large + _indexes(table, snapshot, rates)


def unlogged_seconds(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long a rewrite takes whose result is not logged, nor are the indexes."""
    return rewrite_seconds(table, snapshot, replace(rates, page_written=rates.page_written * (1 - PAGE_LOGGED)))


def copy_seconds(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to write as many rows as a table has, without what is kept apart."""
    return dense_pages(table, snapshot) * rates.page_written + table.rows * rates.row_written


def _indexes(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    indexes = snapshot.indexes_by_table.get(table.name, ())
    return sum(build_seconds(one.definition, snapshot, rates=rates, is_concurrent=False) for one in indexes)


def match_seconds(children: Iterable[Table], parents: Iterable[Table], rates: Rates) -> float:
    """Return how long it takes to find each row of some tables in others: a foreign key that is validated."""
    every = (*children, *parents)
    return sum(read_seconds(one, rates) + one.rows * rates.row_matched * _LARGE_HASH for one in every)


def update_seconds(table: Table, rows: float, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to give so many rows a new version, each with an entry in every index."""
    added = _added(table, rows, rates.row_updated, snapshot, rates)
    return read_seconds(table, rates) + added + _logged(table, rows, snapshot, rates)


def insert_seconds(table: Table, rows: float, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to put so many rows into a table, as wide as those that it has."""
    return _added(table, rows, rates.row_inserted, snapshot, rates)


def _added(table: Table, rows: float, each: float, snapshot: Snapshot, rates: Rates) -> float:
    pages = dense_pages(table, snapshot) * rows / max(table.rows, 1.0)
    return rows * each + pages * rates.page_written + _entries(table, rows, snapshot, rates)


def delete_seconds(table: Table, rows: float, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to mark so many rows as dead, and to look in every table that refers to them."""
    looked = sum(_looking(key.table, key.columns, snapshot, rates) for key in _referring(table.name, snapshot))
    return read_seconds(table, rates) + rows * (rates.row_deleted + looked) + _logged(table, rows, snapshot, rates)


def _logged(table: Table, rows: float, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to log the pages of rows that go: whole, as they were not changed for a while.

    Few rows may lie on as many pages.
    """
    return min(dense_pages(table, snapshot), rows) * rates.page_written * PAGE_LOGGED


def _referring(table: QualifiedName, snapshot: Snapshot) -> list[ForeignKey]:
    return [one for one in snapshot.foreign_keys if one.referenced_table == table and one.is_enforced]


def _looking(child: QualifiedName, columns: tuple[str, ...], snapshot: Snapshot, rates: Rates) -> float:
    """Return how long the server looks for the rows that refer to one row: by an index, or in all of them."""
    is_served = any(
        set(one.definition.columns[: len(columns)]) == set(columns) for one in snapshot.indexes_by_table.get(child, ())
    )
    table = snapshot.table_by_name.get(child)
    return rates.row_checked + (0.0 if is_served or table is None else read_seconds(table, rates))


def _entries(table: Table, rows: float, snapshot: Snapshot, rates: Rates) -> float:
    return sum(_entry(one, table, snapshot, rates) for one in snapshot.indexes_by_table.get(table.name, ())) * rows


def _entry(index: Index, table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to add a row's entry to an index."""
    definition = index.definition
    if definition.method == "gin":
        return gin_seconds(items_per_row(definition, snapshot), index.pages / max(table.rows, 1.0)) * _GIN_ADDED
    if definition.method in ("gist", "spgist"):
        return GIST_ROW_SECONDS * rates.gist_share
    if definition.method == "brin":
        return 0.0
    share = min(1.0, index.row_estimate / table.rows) if definition.predicate and table.rows else 1.0
    known = snapshot.statistics_by_column.get((table.name, definition.columns[0])) if definition.columns else None
    if known is not None and abs(known.correlation or 0.0) > _IN_ORDER:
        return rates.entry_added * _ENTRY_IN_ORDER * share
    return (rates.entry_added + _missed_share(table, snapshot) * _MISSED * rates.page_read) * share


def _missed_share(table: Table, snapshot: Snapshot) -> float:
    """Return how often a page of the table's indexes is in no buffer, when the entries come in no order."""
    known = snapshot.setting_by_name.get("shared_buffers")
    buffers = int(known.raw) if known is not None and known.raw.isdigit() else _DEFAULT_BUFFERS
    pages = sum(one.pages for one in snapshot.indexes_by_table.get(table.name, ()))
    return max(0.0, 1 - buffers / pages) if pages else 0.0


def order_seconds(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return what CLUSTER takes on top of a rewrite: to sort the rows, by way of the disk."""
    return comparisons(table.rows) * rates.key_compared + dense_pages(table, snapshot) * rates.page_written


def move_seconds(table: Table, snapshot: Snapshot, rates: Rates) -> float:
    """Return how long it takes to copy the files page by page, as SET TABLESPACE does."""
    return table.pages * (rates.page_read + rates.page_written) + large_pages(table, snapshot) * rates.large_page_copied


def large_pages(table: Table, snapshot: Snapshot) -> float:
    """Return the pages of values that are kept apart (TOAST), with their index."""
    indexes = sum(one.size_bytes for one in snapshot.indexes_by_table.get(table.name, ()))
    return max(0.0, (table.total_bytes - table.heap_bytes - indexes) / PAGE_BYTES)


def dense_pages(table: Table, snapshot: Snapshot) -> float:
    """Return the pages that the living rows fill when they are written anew."""
    living = table.pages * table.rows / max(table.rows + table.dead_rows, 1.0)
    known = [snapshot.statistics_by_column.get((table.name, name)) for name in table.column_by_name]
    widths = [one.average_width * (1 - one.null_fraction) for one in known if one is not None]
    if not widths or len(widths) < len(known):
        return living
    row = _ROW_HEADER_BYTES + _LINE_POINTER_BYTES + aligned(sum(widths))
    return min(living, table.rows * row / (PAGE_BYTES - _PAGE_HEADER_BYTES) * 100 / max(table.fill_factor, 10))
