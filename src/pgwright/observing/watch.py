"""What one statement did to the app's relations, read in its own session before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pgwright.model.locks import LockMode
from pgwright.model.migration import RelationKind, TakenLock
from pgwright.model.names import QualifiedName
from pgwright.sql_files import read_sql

_LOCKS = read_sql("pgwright.observing", "locks").encode()
_FILES = read_sql("pgwright.observing", "files").encode()
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


@dataclass(frozen=True)
class FileState:
    name: QualifiedName
    kind: RelationKind
    file: int
    scans: int


@dataclass
class SessionWatch:
    """Compares what a session has locked, and which files relations have, from one statement to the next."""

    connection: psycopg.Connection
    known: frozenset[int]
    """Relations that were there before the revision."""
    _held: set[tuple[int, LockMode]] = field(default_factory=set)

    def begin(self) -> None:
        """A transaction begins: nothing is held."""
        self._held.clear()

    def new_locks(self) -> tuple[TakenLock, ...]:
        """Return the locks that came since the last look."""
        found: list[TakenLock] = []
        for schema, table, own_schema, name, kind, mode, oid, table_oid in self.connection.execute(_LOCKS).fetchall():
            if (oid, _MODES[mode]) in self._held:
                continue
            self._held.add((oid, _MODES[mode]))
            is_new = table_oid not in self.known
            relation, owner = QualifiedName(own_schema, name), QualifiedName(schema, table)
            found.append(TakenLock(relation, _KINDS[kind], owner, _MODES[mode], is_new))
        return tuple(sorted(found, key=lambda one: (str(one.relation), one.mode)))

    def files(self) -> dict[int, FileState]:
        return files(self.connection)


def files(connection: psycopg.Connection[Any]) -> dict[int, FileState]:
    """Return the files of all relations of the app, and how often each was read whole in this transaction."""
    return {
        oid: FileState(QualifiedName(schema, name), _KINDS[kind], file, scans)
        for oid, schema, name, kind, file, scans in connection.execute(_FILES).fetchall()
    }
