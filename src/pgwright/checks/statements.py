"""What the checks of the workload say alike: the statements with one fault, their figures, the time that mending saves.

How much of its time a statement would keep is estimated, by a rule that each check states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from pgwright.checks.families import TableFamily, alone, families
from pgwright.figures import count, milliseconds
from pgwright.model.finding import Evidence
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import PAGE_BYTES
from pgwright.model.worth import Worth
from pgwright.sqltext import gist, has_plan
from pgwright.workload.reading import share_of_time
from pgwright.workload.shaped import ShapedStatement, shaped_statements

# What finding a row by an index reads: three levels of a B-tree of some million rows, and the row's block.
BLOCKS_A_LOOKUP = 4
# A call that reads less of a table has found its rows by other means: those of a tenant may lie in each fifth block.
READ_SHARE = 0.5
_GIST = 160
P = TypeVar("P")


@dataclass(frozen=True)
class Fault(Generic[P]):
    """Statements with one fault at one place."""

    place: P
    statements: tuple[Statement, ...]
    """The dearest first."""
    worth: Worth

    @property
    def dearest(self) -> Statement:
        return self.statements[0]

    @property
    def queries(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(one.query_id for one in self.statements))


def faults(found: Iterable[tuple[P, Statement, float]], snapshot: Snapshot) -> list[Fault[P]]:
    """Return the statements with a fault by its place, the dearest first; what nobody would notice is left out.

    Args:
        found: the place, a statement, and the share of its time that mending saves, in [0, 1].
    """
    grouped: dict[P, dict[Statement, float]] = {}
    for place, statement, share in found:
        grouped.setdefault(place, {}).setdefault(statement, share)
    every = [_fault(place, saved, snapshot) for place, saved in grouped.items()]
    return sorted((one for one in every if one.worth.severity != "low"), key=lambda one: -one.worth.saved_ms)


def _fault(place: P, saved: dict[Statement, float], snapshot: Snapshot) -> Fault[P]:
    statements = sorted(saved, key=lambda one: -one.total_ms)
    worth = Worth(
        saved_ms=sum(one.total_ms * part for one, part in saved.items()),
        saved_a_call_ms=max(one.mean_ms * part for one, part in saved.items()),
        share_of_workload=sum(share_of_time([one], snapshot) * part for one, part in saved.items()),
        observed_seconds=snapshot.observed_seconds,
    )
    return Fault(place, tuple(statements), worth)


def plain_queries(snapshot: Snapshot) -> Iterator[ShapedStatement]:
    """Yield the statements that are queries: of a command around one, as REFRESH, the rows are not counted."""
    yield from (query for query in shaped_statements(snapshot) if has_plan(query.statement.text))


def readings(snapshot: Snapshot) -> Iterator[ShapedStatement]:
    """Yield the SELECTs of which every table is known: behind a view stand others, and more conditions."""
    for query in plain_queries(snapshot):
        if query.shape.kind == "select" and not query.shape.reads_unknown:
            yield query


def family_of(table: QualifiedName, snapshot: Snapshot) -> TableFamily:
    """Return a table with its partitions; of one of these, that one alone."""
    return families(snapshot).get(table) or alone(snapshot.table_by_name[table])


def largest(query: ShapedStatement, snapshot: Snapshot) -> QualifiedName:
    """Return the table of a statement that has most rows."""
    return max(sorted(query.shape.tables), key=lambda table: family_of(table, snapshot).rows)


def is_searched(table: QualifiedName, statement: Statement, snapshot: Snapshot) -> bool:
    """Tell whether each call of a statement reads most of a table, as one that lacks an index does."""
    pages = family_of(table, snapshot).heap_bytes / PAGE_BYTES
    return statement.blocks_per_call >= max(READ_SHARE * pages, 1.0)


def spared(statement: Statement, blocks_a_row: float = BLOCKS_A_LOOKUP) -> float:
    """Return which share of its blocks a statement would not read if it found each row that it returns by an index."""
    needed = max(statement.rows_per_call, 1.0) * blocks_a_row
    return max(0.0, 1 - needed / statement.blocks_per_call) if statement.blocks_per_call else 0.0


def figures(fault: Fault[P]) -> Iterator[Evidence]:
    """Yield what a finding shows of its dearest statement, and the time that mending it saves."""
    one, others = fault.dearest, len(fault.statements) - 1
    yield Evidence("statement", gist(one.text, _GIST) + (f" (and {count(others)} more)" if others else ""))
    yield Evidence("calls and mean time", f"{count(one.calls)}, {milliseconds(one.mean_ms)}")
    yield Evidence("rows returned a call", f"{one.rows_per_call:,.1f}")
    yield Evidence("blocks read a call", count(one.blocks_per_call))
    yield Evidence("time that it would save", str(fault.worth), "estimated")
