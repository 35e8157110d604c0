"""The indexes that came and went between two snapshots, and whether the new ones are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgwright.model.deployment import DeployedIndex, IndexVerdict
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot


@dataclass(frozen=True)
class IndexChange:
    """An index that was built or dropped."""

    name: QualifiedName
    table: QualifiedName
    sql: str
    is_new: bool
    size_bytes: int
    scans: int
    """Counted when the change was seen: from there on it counts."""


def changed_indexes(before: Snapshot, after: Snapshot) -> tuple[IndexChange, ...]:
    """Return what differs, of tables that both have."""
    old, new = ({one.name: one for one in snapshot.indexes} for snapshot in (before, after))
    built = [
        _change(one, is_new=True) for name, one in new.items() if name not in old and one.table in before.table_by_name
    ]
    dropped = [
        _change(one, is_new=False) for name, one in old.items() if name not in new and one.table in after.table_by_name
    ]
    return (*built, *dropped)


def _change(index: Index, *, is_new: bool) -> IndexChange:
    return IndexChange(index.name, index.table, index.sql, is_new, index.size_bytes, index.scans)


def judge_indexes(changes: Iterable[IndexChange], now: Snapshot, *, is_counted: bool) -> tuple[DeployedIndex, ...]:
    """Return what has become of each; the scans are those since the change, on this server alone.

    Args:
        is_counted: the counters have counted ever since; else an index without a scan may have been used before.
    """
    return tuple(_judged(changes, {one.name: one for one in now.indexes}, is_counted=is_counted))


def _judged(
    changes: Iterable[IndexChange], known: dict[QualifiedName, Index], *, is_counted: bool
) -> Iterator[DeployedIndex]:
    for change in changes:
        index = known.get(change.name)
        scans = change.scans if index is None else max(0, index.scans - change.scans)
        size = change.size_bytes if index is None else index.size_bytes
        verdict = _verdict(change, index, scans, is_counted=is_counted)
        yield DeployedIndex(change.name, change.table, change.sql, change.is_new, size, scans, verdict)


def _verdict(change: IndexChange, index: Index | None, scans: int, *, is_counted: bool) -> IndexVerdict:
    if not change.is_new:
        return "dropped" if index is None else "still there"
    if index is None:
        return "missing"
    if not index.is_valid:
        return "not valid"
    return "used" if scans else "not used yet" if is_counted else "unknown"
