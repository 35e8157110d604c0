"""What one transaction has done so far, as far as a cache has to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause

from pgwright_runtime.caching.filling import CacheFilling
from pgwright_runtime.caching.reading import Writes

_INFO = "pgwright_cache_transaction"
Touched = frozenset[tuple[str | None, Writes]]
"""What was written, each with the tenant that wrote it."""


@dataclass(eq=False)
class Transaction:
    """One transaction of a connection; savepoints that are made by SQL text count as if they were kept."""

    born_in: CacheFilling | None
    """The computation of a cached value that it began in."""
    touched: Touched = frozenset()
    sees_all: bool | None = None
    """Whether each statement sees what was committed before it, as under READ COMMITTED; None: not asked yet."""
    _savepoints: list[tuple[str, Touched]] = field(default_factory=list)

    def touch(self, tenant: str | None, writes: Writes) -> None:
        self.touched |= {(tenant, writes)}

    def follow(self, statement: object) -> None:
        """Follow SQLAlchemy's own savepoints."""
        if isinstance(statement, SavepointClause):
            self._savepoints.append((statement.ident, self.touched))
        elif isinstance(statement, RollbackToSavepointClause):
            # The savepoint stays, as in PostgreSQL.
            self._cut(statement.ident, keeps=1)
            if self._savepoints:
                self.touched = self._savepoints[-1][1]
        elif isinstance(statement, ReleaseSavepointClause):
            self._cut(statement.ident, keeps=0)

    def _cut(self, name: str, *, keeps: int) -> None:
        names = [each for each, _ in self._savepoints]
        if name in names:
            last = len(names) - 1 - names[::-1].index(name)
            del self._savepoints[last + keeps :]


def transaction_of(lent: object) -> Transaction | None:
    """Return the transaction of what a pool lent, if something was executed in it."""
    return _info(lent).get(_INFO)


def begin_with(connection: Connection, transaction: Transaction) -> None:
    connection.connection.info[_INFO] = transaction


def end(lent: object) -> None:
    _info(lent).pop(_INFO, None)


def _info(lent: Any) -> dict[str, Any]:
    try:
        info: dict[str, Any] = lent.info
    except NotImplementedError:  # the dialect looks at its first connection, which no pool lends
        return {}
    return info
