"""Which indexes of a table take over from one that goes."""

from __future__ import annotations

from collections.abc import Mapping

from pgwright.checks.families import IndexFamily, index_families
from pgwright.indexes.choice import keeping_order
from pgwright.indexes.coverage import searches_as
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot


@once_a_snapshot
def indexes_to_compare(snapshot: Snapshot) -> Mapping[QualifiedName, tuple[IndexFamily, ...]]:
    """Return all indexes of each table, the one to keep first; on a partition those that hang on its parent's too."""
    found = {table: list(indexes) for table, indexes in index_families(snapshot).items()}
    for index in snapshot.indexes:
        if index.parent is not None:
            found.setdefault(index.table, []).append(IndexFamily(index, (index,)))
    return {table: tuple(sorted(indexes, key=_order)) for table, indexes in found.items()}


def _order(index: IndexFamily) -> tuple[bool | int | str, ...]:
    return keeping_order(index.head, scans=index.scans, size_bytes=index.size_bytes)


def is_droppable(index: IndexFamily) -> bool:
    """Tell whether nothing but speed rests on an index, not even CLUSTER, and it is no part of a partitioned one."""
    return index.head.parent is None and not any(
        each.enforces or each.is_primary or each.is_clustered for each in (index.head, *index.leaves)
    )


def substitutes(snapshot: Snapshot, index: IndexFamily) -> list[IndexFamily]:
    """Return the valid indexes that do the work of this one, and more: not those that do exactly the same."""
    others = indexes_to_compare(snapshot)[index.head.table]
    return [other for other in others if other.head.is_valid and _does_more(snapshot, other, index)]


def takes_over(snapshot: Snapshot, index: IndexFamily) -> bool:
    """Tell whether this index is to do the work of one that may go, on its table or on one of the partitions."""
    parts = {part.name: IndexFamily(part, (part,)) for part in index.leaves} | {index.head.name: index}
    return any(_takes_over(snapshot, part) for part in parts.values())


def _takes_over(snapshot: Snapshot, index: IndexFamily) -> bool:
    others = [one for one in indexes_to_compare(snapshot)[index.head.table] if is_droppable(one) and one.head.is_valid]
    return any(
        _does_more(snapshot, index, other)
        or (other.scans > 0 and _order(index) < _order(other) and _searches(snapshot, index, other))
        for other in others
    )


def _does_more(snapshot: Snapshot, index: IndexFamily, other: IndexFamily) -> bool:
    return _searches(snapshot, index, other) and not _searches(snapshot, other, index)


def _searches(snapshot: Snapshot, index: IndexFamily, other: IndexFamily) -> bool:
    table = snapshot.table_by_name.get(index.head.table)
    return index.head.name != other.head.name and searches_as(index.head.definition, other.head.definition, table)
