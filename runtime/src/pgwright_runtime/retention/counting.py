"""Count what would go, without a lock: every rule in one snapshot, each row once, by the rule that takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, text

from pgwright_runtime.batches import RowAddress
from pgwright_runtime.batches.rows import Position
from pgwright_runtime.retention.falling import Falling, FallingRow
from pgwright_runtime.retention.ways import Way

_LIMITS = text("""
    SELECT set_config('statement_timeout', '10min', true), set_config('lock_timeout', '2s', true),
        set_config('idle_in_transaction_session_timeout', '10min', true), set_config('jit', 'off', true)
""")
_PART = 2_000
_MOST = 100_000
"""Rows below one part that are held in memory; where there are more, the part is cut in two."""


@dataclass
class DueRows:
    """What one rule takes."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table, those that hang on the due rows included."""
    kept: dict[str, int] = field(default_factory=dict)
    """Due rows that stay, by reason."""

    def keep(self, why: str, rows: int = 1) -> None:
        self.kept[why] = self.kept.get(why, 0) + rows


def count_due(connection: Connection, falling: Falling, ways: Sequence[Way]) -> list[DueRows]:
    """Return what each rule takes, in the order of the rules.

    Args:
        connection: in a transaction with one snapshot for all.
    """
    connection.execute(_LIMITS)
    counting = _Counting(connection, falling, _several_ways(falling, ways))
    return [counting.count(way) for way in ways]


def _several_ways(falling: Falling, ways: Sequence[Way]) -> frozenset[int]:
    """Return the tables whose rows can be reached twice: by two rules, or along two foreign keys."""
    graph = falling.graph
    reached = {oid for way in ways for oid in graph.reach(way.stored.oid)}
    found: set[int] = set()
    for oid in reached:
        rules = sum(way.stored.oid == oid for way in ways)
        keys = sum(one.child == oid for parent in reached for one in graph.below(parent))
        if rules + keys > 1:
            found |= graph.reach(oid)
    return frozenset(found)


@dataclass
class _Counting:
    connection: Connection
    falling: Falling
    several: frozenset[int]
    gone: dict[int, set[tuple[int, int]]] = field(default_factory=dict)
    """Of tables whose rows can be reached twice, those counted: the oid of their table, and their place."""

    def count(self, way: Way) -> DueRows:
        counts = DueRows()
        if way.walk is None:
            return counts
        if not self.falling.graph.below(way.stored.oid) and way.stored.oid not in self.several:
            self._count_alone(way, counts)
            return counts
        position: Position | None = None
        while True:
            found = way.walk.find(self.connection, position, _PART, locks=False)
            self._count_part(way, [row.address for row in found.rows], counts)
            position = found.end
            if found.is_last:
                return counts

    def _count_alone(self, way: Way, counts: DueRows) -> None:
        """Count rows on which nothing hangs, by one statement."""
        assert way.walk is not None
        assert way.walk.where is not None
        why = self.falling.stops(way.stored.oid).label("why")
        due = select(why).select_from(way.rule.table).where(way.walk.where).subquery()
        for reason, rows in self.connection.execute(select(due.c.why, func.count()).group_by(due.c.why)):
            if reason is None:
                counts.rows[way.stored.name] = rows
            else:
                counts.keep(reason, rows)

    def _count_part(self, way: Way, rows: Sequence[RowAddress], counts: DueRows) -> None:
        fallen = self.falling.fall(self.connection, way.stored.oid, rows, _MOST)
        if fallen is not None:
            self._add(fallen.rows, counts)
            for why in fallen.kept.values():
                counts.keep(why)
        elif len(rows) > 1:
            middle = len(rows) // 2
            self._count_part(way, rows[:middle], counts)
            self._count_part(way, rows[middle:], counts)
        else:
            kept, below = self.falling.descend(self.connection, way.stored.oid, rows[0], self._is_new)
            for table, number in below.items():
                self._more(table, number, counts)
            if kept is not None:
                counts.keep(kept)

    def _add(self, rows: Iterable[FallingRow], counts: DueRows) -> None:
        for row in rows:
            if self._is_new(row):
                self._more(row.table, 1, counts)

    def _more(self, table: int, rows: int, counts: DueRows) -> None:
        name = self.falling.graph.tables[table].name
        counts.rows[name] = counts.rows.get(name, 0) + rows

    def _is_new(self, row: FallingRow) -> bool:
        """Tell whether a row is counted for the first time."""
        if row.table not in self.several:
            return True
        block, _, line = row.address.tid[1:-1].partition(",")
        # A block has less than 2**11 lines.
        place = (row.address.table, int(block) << 11 | int(line))
        known = self.gone.setdefault(row.table, set())
        if place in known:
            return False
        known.add(place)
        return True
