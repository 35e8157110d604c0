"""What falls with a row: all that hangs on it goes first, and one row that must stay keeps all above it.

A foreign key with CASCADE takes its rows along. With RESTRICT or NO ACTION a row goes along only if it is due itself;
else it keeps what it refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, FromClause, Text, and_, case, cast, false, func, literal, null, or_, select
from sqlalchemy.sql.elements import ColumnElement

from pgwright_runtime.batches.rows import RowAddress, by_table, column_of_row, is_at, oid_of, tid_of
from pgwright_runtime.retention.graph import StoredGraph, StoredReference

_STEP = 500
"""Rows of one look below a single row that has very many."""


class FallingRow(NamedTuple):
    """A row, and the table by whose foreign keys others hang on it: a partition's are those of the whole."""

    table: int
    address: RowAddress


@dataclass(frozen=True)
class Fallen:
    """Some rows, all that hangs on them, and those of them that stay."""

    rows: tuple[FallingRow, ...]
    """What goes, each row once."""
    kept: Mapping[RowAddress, str]
    """Of the rows asked for those that stay, with the reason."""


@dataclass(frozen=True)
class Falling:
    """Finds what falls with rows."""

    graph: StoredGraph
    held: Mapping[int, Sequence[tuple[str, ColumnElement[bool]]]]
    """By table what holds its rows: a reason and a condition."""
    due: Mapping[int, ColumnElement[bool]]
    """By table which of its rows are due themselves."""

    def may_be_kept(self, table: int) -> bool:
        """True when something can keep rows of a table: a hold on it or below, or a key that refuses."""
        reach = self.graph.reach(table)
        refusing = any(one.on_delete != "CASCADE" for oid in reach for one in self.graph.below(oid))
        return refusing or any(self.held.get(oid) for oid in reach)

    def stops(self, table: int) -> ColumnElement[Any]:
        """Return why a row of a table is held itself; NULL: it is not."""
        holds = self.held.get(table, ())
        return (
            case(*((condition, literal(f"held: {reason}", Text)) for reason, condition in holds), else_=null())
            if (holds)
            else null()
        )

    def fall(self, connection: Connection, table: int, rows: Iterable[RowAddress], most: int) -> Fallen | None:
        """Return what falls with rows of a table; None: it is more than `most` rows."""
        roots = [FallingRow(table, address) for address in rows]
        above: dict[FallingRow, list[FallingRow]] = {}
        below: dict[FallingRow, list[FallingRow]] = {root: [] for root in roots}
        kept = {FallingRow(table, address): why for address, why in self._held(connection, table, roots).items()}
        level = [root for root in roots if root not in kept]
        while level:
            following: list[FallingRow] = []
            for parent, child, why in self._step(connection, level, most):
                above.setdefault(child, []).append(parent)
                below[parent].append(child)
                if why is not None:
                    kept[child] = why
                if child not in below:
                    below[child] = []
                    if why is None:
                        following.append(child)
                if len(below) > most + len(roots):
                    return None
            level = following
        kept = _with_all_above(kept, above)
        reasons = {root.address: kept[root] for root in roots if root in kept}
        return Fallen(_all_below((root for root in roots if root not in kept), below), reasons)

    def descend(
        self,
        connection: Connection,
        table: int,
        row: RowAddress,
        is_new: Callable[[FallingRow], bool] = lambda row: True,
    ) -> tuple[str | None, dict[int, int]]:
        """Look at all that hangs on one row, however much it is: why it stays, or how many rows of each table go.

        Args:
            is_new: whether a row is to be counted; asked once nothing keeps the row.
        """
        why = next((said for _, said, _ in self._all_below(connection, table, row) if said is not None), None)
        if why is not None:
            return _carried(why), {}
        counts: dict[int, int] = {}
        for below, _, is_again in self._all_below(connection, table, row):
            if not is_again and is_new(below):
                counts[below.table] = counts.get(below.table, 0) + 1
        return None, counts

    def _all_below(
        self, connection: Connection, table: int, row: RowAddress
    ) -> Iterator[tuple[FallingRow, str | None, bool]]:
        """Yield a row and all below it: each row, why it stays, and whether it came before."""
        root = FallingRow(table, row)
        work, seen = [root], {root}
        # Only where one row can be reached twice has it to be remembered.
        remembers = self.graph.has_several_ways(table)
        yield root, None, False
        while work:
            part, work = work[-_STEP:], work[:-_STEP]
            for _, child, why in self._step(connection, part, None):
                is_again = remembers and child in seen
                yield child, why, is_again
                if is_again:
                    continue
                if remembers:
                    seen.add(child)
                if self.graph.below(child.table):
                    work.append(child)

    def children(
        self, connection: Connection, reference: StoredReference, row: FallingRow, most: int
    ) -> list[RowAddress]:
        """Lock some of the rows that hang on one row by one foreign key."""
        child, parent = self._ends(reference)
        statement = (
            select(oid_of(child), cast(tid_of(child), Text))
            .select_from(child.join(parent, self._refers(reference, child, parent)))
            .where(is_at(parent, row.address.table, [row.address.tid]))
            .limit(most)
            .with_for_update(skip_locked=True, of=child)
        )
        return [RowAddress(*found) for found in connection.execute(statement)]

    def _held(self, connection: Connection, table: int, rows: Iterable[FallingRow]) -> dict[RowAddress, str]:
        if not self.held.get(table):
            return {}
        source = self.graph.tables[table].source
        found: dict[RowAddress, str] = {}
        for oid, tids in by_table(row.address for row in rows):
            why = self.stops(table)
            statement = select(cast(tid_of(source), Text), why).select_from(source).where(is_at(source, oid, tids))
            found |= {RowAddress(oid, tid): said for tid, said in connection.execute(statement) if said is not None}
        return found

    def _step(
        self, connection: Connection, rows: Sequence[FallingRow], most: int | None
    ) -> Iterable[tuple[FallingRow, FallingRow, str | None]]:
        """Yield what hangs on rows directly: the row, the one that hangs on it, and why that one stays."""
        for table in sorted({row.table for row in rows}):
            for reference in self.graph.below(table):
                for oid, tids in by_table(row.address for row in rows if row.table == table):
                    for tid, child_oid, child_tid, why in self._hanging(connection, reference, oid, tids, most):
                        child = FallingRow(reference.child, RowAddress(child_oid, child_tid))
                        yield FallingRow(table, RowAddress(oid, tid)), child, why

    def _hanging(
        self, connection: Connection, reference: StoredReference, oid: int, tids: list[str], most: int | None
    ) -> Sequence[Any]:
        child, parent = self._ends(reference)
        statement = (
            select(
                cast(tid_of(parent), Text),
                oid_of(child),
                cast(tid_of(child), Text),
                func.coalesce(self.stops(reference.child), self._refusal(reference)),
            )
            .select_from(parent.join(child, self._refers(reference, child, parent)))
            .where(is_at(parent, oid, tids))
            .limit(None if most is None else most + 1)
        )
        return connection.execute(statement).all()

    def _refusal(self, reference: StoredReference) -> ColumnElement[Any]:
        """Return why a row keeps the one that it refers to; NULL: it does not."""
        if reference.on_delete == "CASCADE":
            return cast(null(), Text)
        name = self.graph.tables[reference.child].name
        why = literal(f"{name} ({', '.join(child for child, _ in reference.pairs)}) refers to it", Text)
        is_due = func.coalesce(self.due.get(reference.child, false()), false())
        return case((is_due, cast(null(), Text)), else_=why)

    def _ends(self, reference: StoredReference) -> tuple[FromClause, FromClause]:
        # Conditions are about the child's table, so that one keeps its name.
        parent = self.graph.tables[reference.parent].source.alias("pgwright_above")
        return self.graph.tables[reference.child].source, parent

    def _refers(self, reference: StoredReference, child: FromClause, parent: FromClause) -> ColumnElement[bool]:
        return and_(*(column_of_row(child, one) == column_of_row(parent, other) for one, other in reference.pairs))


def any_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return the condition that one of several holds."""
    return or_(false(), *conditions)


def _with_all_above(
    kept: dict[FallingRow, str], above: Mapping[FallingRow, Sequence[FallingRow]]
) -> dict[FallingRow, str]:
    """Return what stays with all that it hangs on."""
    found, work = dict(kept), list(kept)
    while work:
        row = work.pop()
        for parent in above.get(row, ()):
            if parent not in found:
                found[parent] = found[row] if found[row].startswith(_CARRIED) else _carried(found[row])
                work.append(parent)
    return found


_CARRIED = "what hangs on it is "


def _carried(why: str) -> str:
    return f"{_CARRIED}{why}" if why.startswith("held") else why


def _all_below(roots: Iterable[FallingRow], below: Mapping[FallingRow, Sequence[FallingRow]]) -> tuple[FallingRow, ...]:
    found = dict.fromkeys(roots)
    work = list(found)
    while work:
        for child in below[work.pop()]:
            if child not in found:
                found[child] = None
                work.append(child)
    return tuple(found)
