"""What one transaction has done so far, as far as a cache has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause

from pgwright_runtime.caching.filling import CacheFilling
from pgwright_runtime.caching.keys import Keys
from pgwright_runtime.caching.reading import Writes
from pgwright_runtime.caching.written_rows import MOST_KEYS

_INFO = "pgwright_cache_transaction"
Write = tuple[str | None, Writes, int]
"""The tenant that wrote, what, and the number of a statement that has not ended yet; 0: of all that have."""
Touched = Mapping[Write, Keys]
"""What was written, and of which rows."""
_ENDED = 0
_numbers = count(1)


@dataclass(eq=False)
class Transaction:
    """One transaction of a connection; savepoints that are made by SQL text count as if they were kept."""

    born_in: CacheFilling | None
    """The computation of a cached value that it began in."""
    touched: Touched = field(default_factory=dict)
    sees_all: bool | None = None
    """Whether each statement sees what was committed before it, as under READ COMMITTED; None: not asked yet."""
    _savepoints: list[tuple[str, Touched]] = field(default_factory=list)

    def touch(self, tenant: str | None, writes: Writes) -> Write:
        """Note a statement that may write any row until more is known of it."""
        own = (tenant, writes, next(_numbers))
        self.touched = {**self.touched, own: None}
        return own

    def know(self, own: Write, keys: Keys) -> None:
        """Note that a statement has ended, and which rows it wrote; others may have begun meanwhile."""
        tenant, writes, _ = own
        ended = (tenant, writes, _ENDED)
        before = self.touched.get(ended, frozenset())
        known = None if before is None or keys is None else before | keys
        if known is not None and len(known) > MOST_KEYS:
            known = None
        others = {each: found for each, found in self.touched.items() if each != own}
        self.touched = {**others, ended: known}

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
