"""Which locks the app's own statements take on a table, and how often: by the workload of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgwright.errors import UnparsableStatement
from pgwright.model.locks import LockMode
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import ForeignKey
from pgwright.sqltext import row_lock
from pgwright.workload.shaped import ShapedStatement, shaped_statements

_WRITES = ("insert", "update", "delete", "merge")


@dataclass(frozen=True)
class TakesLock:
    """A statement of the app, and a lock that it takes on a table."""

    statement: Statement
    mode: LockMode


def traffic(table: QualifiedName, snapshot: Snapshot) -> Iterator[TakesLock]:
    """Yield what takes locks on a table: statements that name it, a parent of it, or a partner by a foreign key."""
    yield from _by_table(snapshot).get(table, ())
    known = snapshot.table_by_name.get(table)
    if known is not None and known.parent is not None:
        yield from traffic(known.parent, snapshot)


@once_a_snapshot
def _by_table(snapshot: Snapshot) -> Mapping[QualifiedName, list[TakesLock]]:
    partners = _partners(snapshot)
    found: dict[QualifiedName, list[TakesLock]] = {}
    for one in shaped_statements(snapshot):
        modes: dict[QualifiedName, LockMode] = dict.fromkeys(one.shape.tables, _reading_mode(one))
        target = one.shape.target
        if target is not None and one.shape.kind in _WRITES:
            modes[target] = "ROW EXCLUSIVE"
            # The server checks a foreign key by a query of its own, which locks the row that it finds.
            for partner in partners.get(target, ()):
                modes.setdefault(partner, "ROW SHARE")
        for table, mode in modes.items():
            found.setdefault(table, []).append(TakesLock(one.statement, mode))
    return found


def _partners(snapshot: Snapshot) -> Mapping[QualifiedName, set[QualifiedName]]:
    """Return the tables that a write may lock rows of, by the table that it writes."""
    found: dict[QualifiedName, set[QualifiedName]] = {}
    keys: tuple[ForeignKey, ...] = snapshot.foreign_keys
    for key in keys:
        if key.is_enforced:
            found.setdefault(key.table, set()).add(key.referenced_table)
    return found


def _reading_mode(one: ShapedStatement) -> LockMode:
    if one.shape.kind != "select":
        return "ACCESS SHARE"
    try:
        return "ACCESS SHARE" if row_lock(one.statement.text) == "none" else "ROW SHARE"
    except UnparsableStatement:
        return "ACCESS SHARE"
