"""Delete rows and what hangs on them, together where they fit in a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CTE, Connection, FromClause, delete, func, literal, select
from sqlalchemy.sql.dml import ReturningDelete

from pgwright_runtime.batches import Acted, FoundRow, RowAddress
from pgwright_runtime.batches.errors import RowsMoved
from pgwright_runtime.batches.rows import by_table, is_at
from pgwright_runtime.retention.falling import Falling, FallingRow

MOST_BELOW = 2_000
"""Rows of one batch that hang on others. A row with more loses them in batches of their own before it goes."""


@dataclass
class Deletion:
    """Deletes the rows that a walk finds; this is what a batch of it does."""

    falling: Falling
    table: int
    _cleared: set[RowAddress] = field(default_factory=set)
    """Rows with more below than a batch holds, of which nothing has to stay."""

    def __call__(self, connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        """Delete as many of the rows as fit in a batch with all that hangs on them."""
        addresses = [row.address for row in rows]
        count = len(addresses)
        while True:
            fallen = self.falling.fall(connection, self.table, addresses[:count], MOST_BELOW)
            if fallen is not None:
                counts = self._delete(connection, fallen.rows)
                return Acted(counts, count, _tally(fallen.kept.values()))
            if count == 1:
                return self._thin(connection, addresses[0])
            count = max(1, count // 4)

    def _thin(self, connection: Connection, root: RowAddress) -> Acted:
        """Delete some of what hangs on one row; it goes itself once a batch holds the rest."""
        if root not in self._cleared and self.falling.may_be_kept(self.table):
            why, _ = self.falling.descend(connection, self.table, root)
            if why is not None:
                return Acted({}, 1, {why: 1})
        self._cleared.add(root)
        row, most = FallingRow(self.table, root), MOST_BELOW // 2
        while True:
            children = self._some_children(connection, row, most)
            if children is None:  # whoever holds them may be through by the next run
                return Acted({}, 1, {"locked by others": 1})
            table, addresses = children
            fallen = self.falling.fall(connection, table, addresses, MOST_BELOW)
            if fallen is None and len(addresses) == 1:
                row, most = FallingRow(table, addresses[0]), MOST_BELOW // 2
            elif fallen is None:
                most = max(1, len(addresses) // 4)
            elif fallen.kept:  # a hold that came after the look
                return Acted({}, 1, {next(iter(fallen.kept.values())): 1})
            else:
                return Acted(self._delete(connection, fallen.rows), 0)

    def _some_children(self, connection: Connection, row: FallingRow, most: int) -> tuple[int, list[RowAddress]] | None:
        for reference in self.falling.graph.below(row.table):
            found = self.falling.children(connection, reference, row, most)
            if found:
                return reference.child, found
        return None

    def _delete(self, connection: Connection, rows: Iterable[FallingRow]) -> Mapping[str, int]:
        """Delete rows of any tables by one statement: keys are checked at its end, when all of them are gone.

        Raises: RowsMoved: one is no longer where it was; what it has become was not judged.
        """
        tables = self.falling.graph.tables
        parts: list[tuple[str, int, CTE]] = []
        for table, addresses in _by_logical_table(rows).items():
            for oid, tids in by_table(addresses):
                gone = _deleted(tables[table].source, oid, tids).cte(f"gone_{len(parts)}")
                parts.append((tables[table].name, len(tids), gone))
        if not parts:
            return {}
        statement = select(*(select(func.count()).select_from(gone).scalar_subquery() for _, _, gone in parts))
        found = connection.execute(statement).one()
        if sum(found) < (expected := sum(rows for _, rows, _ in parts)):
            raise RowsMoved(expected, sum(found))
        counts: dict[str, int] = {}
        for (name, _, _), gone_rows in zip(parts, found, strict=True):
            counts[name] = counts.get(name, 0) + gone_rows
        return counts


def _deleted(source: FromClause, oid: int, tids: list[str]) -> ReturningDelete[Any]:
    return delete(source).where(is_at(source, oid, tids)).returning(literal(1))  # type: ignore[arg-type]


def _by_logical_table(rows: Iterable[FallingRow]) -> dict[int, list[RowAddress]]:
    found: dict[int, list[RowAddress]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row.address)
    return found


def _tally(reasons: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in reasons:
        found[reason] = found.get(reason, 0) + 1
    return found
