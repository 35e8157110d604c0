"""What is there in a session's eyes: relations with their files, constraints, and the locks that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from pgwright.model.locks import LockMode
from pgwright.model.migration import RelationKind, TakenLock
from pgwright.model.names import QualifiedName
from pgwright.sql_files import read_sql

_LOCKS, _RELATIONS, _CONSTRAINTS = (
    read_sql("pgwright.observing", name).encode() for name in ("locks", "relations", "constraints")
)
_KINDS: Mapping[str, RelationKind] = {
    "r": "table", "p": "partitioned table", "i": "index", "I": "index", "S": "sequence", "v": "view",
    "m": "materialized view", "f": "foreign table", "t": "TOAST table",
}  # fmt: skip
_MODES: Mapping[str, LockMode] = {
    "AccessShareLock": "ACCESS SHARE", "RowShareLock": "ROW SHARE", "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE", "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE", "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}  # fmt: skip
VERSION_TABLE = "alembic_version"
OUR_SCHEMA = "pgwright_lint"
"""Of what the observation itself needs in the database."""

Lock = tuple[int, LockMode]


@dataclass(frozen=True)
class SeenRelation:
    """A relation of the app at one moment."""

    name: QualifiedName
    kind: RelationKind
    file: int
    """The number of its file; 0: it has none."""
    scans: int
    """How often this transaction has read it from end to end."""
    table: int
    """The oid of the table that it belongs to; its own where it is one."""
    parent: int
    """The oid of what it is a partition of, or inherits from; 0: of none."""

    @property
    def is_ours(self) -> bool:
        """Whether Alembic's bookkeeping, or the observation's, brings it."""
        return self.name.schema == OUR_SCHEMA or self.name.name == VERSION_TABLE


@dataclass(frozen=True)
class Constraint:
    name: str
    table: int
    kind: str
    """As `pg_constraint.contype`."""
    is_valid: bool


@dataclass(frozen=True)
class State:
    """What a session saw at one moment."""

    relations: Mapping[int, SeenRelation] = field(default_factory=dict)
    constraints: Mapping[int, Constraint] = field(default_factory=dict)

    def tables(self, kinds: Iterable[RelationKind] = ("table",)) -> frozenset[int]:
        return frozenset(oid for oid, one in self.relations.items() if one.kind in kinds)


def ask(connection: psycopg.Connection[Any], statement: bytes, *values: object) -> list[tuple[Any, ...]]:
    """Run a query of ours, unseen by whoever watches the connection, and never prepared."""
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        return cursor.execute(statement, values or None, prepare=False).fetchall()


def look(connection: psycopg.Connection[Any]) -> State:
    """Return what a session sees; outside of autocommit it begins a transaction where none is open."""
    relations = {
        oid: SeenRelation(QualifiedName(schema, name), _KINDS[kind], file, scans, table, parent)
        for oid, schema, name, kind, file, scans, table, parent in ask(connection, _RELATIONS)
    }
    kept = {oid: one for oid, one in relations.items() if not relations.get(one.table, one).is_ours}
    constraints = {
        oid: Constraint(name, table, kind, valid)
        for oid, name, table, kind, valid in ask(connection, _CONSTRAINTS)
        if table in kept
    }
    return State(kept, constraints)


def locks_of(connection: psycopg.Connection[Any], pid: int) -> Iterator[tuple[Lock, bool]]:
    """Yield the locks on relations of a session, with whether it holds them; others are asked for."""
    for oid, mode, granted in ask(connection, _LOCKS, pid):
        yield (oid, _MODES[mode]), granted


def mode_of(name: str) -> LockMode:
    """Return the mode that PostgreSQL calls so in pg_locks."""
    return _MODES[name]


def described(
    locks: Iterable[Lock], relations: Mapping[int, SeenRelation], known: frozenset[int], held: frozenset[Lock]
) -> tuple[TakenLock, ...]:
    """Return locks on the app's relations, in order; others are left out.

    Args:
        relations: those before and after the statement: it may have made or dropped one.
        known: those before the revision.
        held: the locks that were seen held, not only asked for.
    """
    found = []
    for lock in locks:
        oid, mode = lock
        if (relation := relations.get(oid)) is None:
            continue
        table = relations.get(relation.table, relation)
        is_new = oid not in known or relation.table not in known
        found.append(TakenLock(relation.name, relation.kind, table.name, mode, is_new, lock not in held))
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (str(one.relation), one.mode, one.is_new)))
