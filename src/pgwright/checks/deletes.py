"""The statements that delete rows of a table, themselves or by a cascade."""

from __future__ import annotations

from collections.abc import Mapping

from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.workload.reading import read_statements


def time_of_deletes(table: QualifiedName, snapshot: Snapshot) -> float | None:
    """Return the milliseconds of all DELETEs from a table, and from those whose rows take its own with them.

    None where the workload has no such statement: it was forgotten, or is inside a function.
    """
    times, read = _times(snapshot), _read(snapshot)
    if not times:
        return None
    sources, found = {table}, [table]
    while found:
        parents = _cascades_from(snapshot).get(found.pop(), frozenset()) - sources
        sources |= parents
        found += parents
    if not sources <= read:  # what its rows go with is not known, so any DELETE may be meant
        return sum(times.values())
    meant = [ms for target, ms in times.items() if target in sources or target not in read]
    return sum(meant) if meant else None


@once_a_snapshot
def _times(snapshot: Snapshot) -> Mapping[QualifiedName | None, float]:
    """Return the milliseconds of all DELETEs by their table; None: one that was not read."""
    found: dict[QualifiedName | None, float] = {}
    for reading in read_statements(snapshot):
        if reading.shape is not None and reading.shape.kind == "delete":
            taken = sum(one.total_ms for one in reading.stands_for)
            found[reading.shape.target] = found.get(reading.shape.target, 0.0) + taken
    return found


@once_a_snapshot
def _read(snapshot: Snapshot) -> frozenset[QualifiedName | None]:
    return frozenset(table.name for table in snapshot.tables)


@once_a_snapshot
def _cascades_from(snapshot: Snapshot) -> Mapping[QualifiedName, frozenset[QualifiedName]]:
    """Return by table those that its rows go with."""
    found: dict[QualifiedName, set[QualifiedName]] = {}
    for key in snapshot.foreign_keys:
        if key.on_delete == "cascade":
            found.setdefault(key.table, set()).add(key.referenced_table)
    return {table: frozenset(parents) for table, parents in found.items()}
