"""What an index costs on writes, in planner cost units; estimated.

The planner charges nothing for keeping indexes, so we charge what its cost functions charge for finding the place, and
one page dirtied. A B-tree, per row written: `(height + 1) × 50 × cpu_operator_cost + seq_page_cost`.
An UPDATE that sets a column of the index also ends HOT for the row, so every other index of the table is written too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.model.worth import FEWEST_SECONDS
from pgwright.sizes import IndexSize
from pgwright.sizes.gin import items_per_row
from pgwright.sizes.size import mentions, parameter
from pgwright.sizes.vectors import HNSW_EF_CONSTRUCTION, HNSW_M, IVFFLAT_LISTS
from pgwright.sqltext import StatementShape
from pgwright.twin.priced import Workload

_PAGE_CPU_MULTIPLIER = 50.0  # DEFAULT_PAGE_CPU_MULTIPLIER of src/include/utils/selfuncs.h
_DEFAULT_OPERATOR_COST = 0.0025
_DEFAULT_PAGE_COST = 1.0
# gin_pending_list_limit, 4 MB, over some 32 bytes a pending entry: so many are merged into the tree at once.
_PENDING_ENTRIES = 4 * 1024 * 1024 / 32
# A GiST descent weighs every tuple of a page against the new one, where a B-tree halves.
_GIST_TUPLES_PER_PAGE = 100.0
_COPY = re.compile(r'(?is)^\s*COPY\s+((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)\s*(?:\([^)]*\))?\s+FROM\b')


@dataclass(frozen=True)
class WriteLoad:
    """Rows that the workload wrote to one table."""

    inserted: int = 0
    updated: tuple[tuple[frozenset[str], int], ...] = ()
    """Columns that an UPDATE sets, with the rows it changed."""


@dataclass(frozen=True)
class WritePrice:
    """What keeping one index takes over the workload."""

    cost: float
    """Planner cost units."""
    entries: int
    """Index entries written, those of other indexes for lost HOT updates included."""
    hot_updates_lost: int
    """Updated rows that were HOT and would no longer be."""


def read_writes(workload: Workload, snapshot: Snapshot) -> Mapping[QualifiedName, WriteLoad]:
    """Count the rows written over the time in which the statements were observed.

    The larger of two counts: that of the statements, and that of the table, for statements may have been dropped from
    `pg_stat_statements`. The tables' counters may be older, so they are taken in proportion to the time. Where the age
    of either is not known, or that of the statements so short that rows loaded before would count, they alone do.
    """
    loads: dict[QualifiedName, WriteLoad] = {}
    for statement, shape in workload.writes:
        for table in _indexed_with(shape.target, snapshot):
            loads[table] = _with_statement(loads.get(table, WriteLoad()), shape, statement.rows)
    for statement in snapshot.statements:
        for table in _indexed_with(_copied_into(statement.text, snapshot), snapshot):
            load = loads.get(table, WriteLoad())
            loads[table] = replace(load, inserted=load.inserted + statement.rows)
    return {name: _at_least_counted(loads.get(name, WriteLoad()), name, snapshot) for name in snapshot.table_by_name}


def _at_least_counted(load: WriteLoad, name: QualifiedName, snapshot: Snapshot) -> WriteLoad:
    observed, counted = snapshot.observed_seconds or 0.0, snapshot.counted_seconds
    if observed < FEWEST_SECONDS or not counted:
        return load
    share = min(1.0, observed / counted)
    leaves = tuple(snapshot.leaves(name))
    inserted = round(share * sum(leaf.rows_inserted for leaf in leaves))
    missed = round(share * sum(leaf.rows_updated for leaf in leaves)) - sum(rows for _, rows in load.updated)
    unknown = ((frozenset[str](), missed),) if missed > 0 else ()  # nobody knows which columns they set
    return WriteLoad(max(load.inserted, inserted), (*load.updated, *unknown))


def _indexed_with(target: QualifiedName | None, snapshot: Snapshot) -> Iterator[QualifiedName]:
    """Yield a table and those that it is a partition of, whose indexes a row written to it is in."""
    while target is not None and (table := snapshot.table_by_name.get(target)) is not None:
        yield target
        is_partition = table in snapshot.partitions_by_table.get(table.parent, ()) if table.parent else False
        target = table.parent if is_partition else None


def write_price(definition: IndexDefinition, size: IndexSize, load: WriteLoad, snapshot: Snapshot) -> WritePrice:
    """Return what keeping an index costs over the workload."""
    table = snapshot.table_by_name[definition.table]
    others = [one for one in snapshot.indexes_by_table.get(table.name, ()) if one.definition != definition]
    hot = _hot_share(tuple(snapshot.leaves(table.name)), load, others)
    held = _held_share(definition, size, load, table)
    own, lost = load.inserted * held, 0.0
    for columns, rows in load.updated:
        hot_share = 0.0 if _touch_any(others, columns) else hot
        if not _touches(definition, columns):
            own += rows * (1 - hot_share) * held
            continue
        own += rows * held
        # A BRIN index summarizes pages, not rows: HOT goes on since PostgreSQL 16 (amsummarizing).
        if definition.method != "brin" or snapshot.server.major < 16:
            lost += rows * hot_share
    per_page = _cost_setting(snapshot, "seq_page_cost", _DEFAULT_PAGE_COST)
    operator = _cost_setting(snapshot, "cpu_operator_cost", _DEFAULT_OPERATOR_COST)
    per_entry = _entry_cost(definition, size, snapshot, operator, per_page)
    induced = sum(
        _entry_cost(one.definition, _size(one.pages, one.tree_height, one.row_estimate), snapshot, operator, per_page)
        for one in others
    )
    entries = own * _entries_per_row(definition, snapshot) + lost * len(others)
    return WritePrice(own * per_entry + lost * induced, round(entries), round(lost))


def _hot_share(leaves: Sequence[Table], load: WriteLoad, indexes: Sequence[Index]) -> float:
    """Return the share of HOT among the updated rows of which no index holds a changed column.

    Where no update was counted all are taken to be HOT: what an index ends is then charged in full.
    """
    counted = sum(leaf.rows_updated for leaf in leaves)
    of_all = sum(leaf.rows_hot_updated for leaf in leaves) / counted if counted else 1.0
    rows = sum(rows for _, rows in load.updated)
    able = sum(rows for columns, rows in load.updated if not _touch_any(indexes, columns))
    return min(1.0, of_all * rows / able) if able else 0.0


def _touch_any(indexes: Iterable[Index], columns: frozenset[str]) -> bool:
    return any(_touches(index.definition, columns) for index in indexes if index.definition.method != "brin")


def _size(pages: int, height: int | None, rows: float) -> IndexSize:
    return IndexSize(pages, 2 if height is None else height, rows)


def _with_statement(load: WriteLoad, shape: StatementShape, rows: int) -> WriteLoad:
    if shape.kind == "insert":
        return replace(load, inserted=load.inserted + rows)
    if shape.kind == "update":
        return replace(load, updated=(*load.updated, (frozenset(shape.written), rows)))
    return load  # a DELETE leaves the entries to VACUUM


def _copied_into(text: str, snapshot: Snapshot) -> QualifiedName | None:
    found = _COPY.match(text)
    if found is None:
        return None
    written = found[1].replace('"', "")
    return next((name for name in snapshot.table_by_name if written in (name.name, f"{name.schema}.{name.name}")), None)


def _touches(definition: IndexDefinition, columns: frozenset[str]) -> bool:
    """Tell whether an UPDATE of these columns changes what the index holds."""
    texts = [definition.predicate or "", *(key.expression or "" for key in definition.keys)]
    plain = {key.column for key in definition.keys} | {*definition.include}
    return bool(columns & plain) or any(mentions(text, column) for text in texts for column in columns)


def _held_share(definition: IndexDefinition, size: IndexSize, load: WriteLoad, table: Table) -> float:
    """Return the share of the rows written that a partial index holds.

    Where the workload updates what its predicate names, rows pass through it, so each may have been in it.
    """
    if definition.predicate is None or table.rows <= 0:
        return 1.0
    if any(mentions(definition.predicate, column) for columns, _ in load.updated for column in columns):
        return 1.0
    return min(1.0, size.rows / table.rows)


def _entries_per_row(definition: IndexDefinition, snapshot: Snapshot) -> float:
    return items_per_row(definition, snapshot) if definition.method == "gin" else 1.0


def _entry_cost(
    definition: IndexDefinition, size: IndexSize, snapshot: Snapshot, operator: float, page: float
) -> float:
    """Return what writing one row to an index costs.

    B-tree, hash: a descent and a page. GIN: an entry for each element, merged in bulk by way of the pending list, so
    that entries share pages. GiST, SP-GiST: each tuple on the way down is weighed. BRIN: the summary of the range is
    read, and seldom changes. HNSW: a search that keeps `ef_construction` candidates and looks at `m` neighbours of
    each, then the lists of `m` neighbours are written. IVFFlat: the distance to each list's centre.
    """
    descent = (size.tree_height + 1) * _PAGE_CPU_MULTIPLIER * operator
    method = definition.method
    if method == "gin":
        shared = min(1.0, size.pages / _PENDING_ENTRIES)
        return page + items_per_row(definition, snapshot) * (3 * _PAGE_CPU_MULTIPLIER * operator + shared * page)
    if method in ("gist", "spgist"):
        return descent + (size.tree_height + 1) * _GIST_TUPLES_PER_PAGE * operator + page
    if method == "brin":
        return _PAGE_CPU_MULTIPLIER * operator
    if method == "hnsw":
        m = parameter(definition, "m", HNSW_M)
        looked_at = parameter(definition, "ef_construction", HNSW_EF_CONSTRUCTION) * m
        return looked_at * (_PAGE_CPU_MULTIPLIER + 1) * operator + (m + 1) * page
    if method == "ivfflat":
        return parameter(definition, "lists", IVFFLAT_LISTS) * operator + page
    return descent + page


def _cost_setting(snapshot: Snapshot, name: str, default: float) -> float:
    setting = snapshot.setting_by_name.get(name)
    return float(setting.raw) if setting else default
