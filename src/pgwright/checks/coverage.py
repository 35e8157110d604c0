"""How much of a subject was looked at: of the statements by their time, of the tables by their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pgwright.model.advice import Advice
from pgwright.model.finding import Check, LookedAt
from pgwright.model.memo import once_a_snapshot
from pgwright.model.snapshot import Snapshot
from pgwright.workload.reading import read_statements

_OF_TABLES = {"tables", "indexes", "foreign_keys", "statistics"}


def looked_at(snapshot: Snapshot, checks: Iterable[Check[Any]]) -> Iterator[LookedAt]:
    """Yield the shares that the checks of one subject had before them; none of what the database has none of."""
    every = tuple(checks)
    needs = {part for check in every if check.reads is Snapshot for part in check.needs}
    if "statements" in needs or any(check.reads is Advice for check in every):
        whole, read = _milliseconds(snapshot)
        if whole:
            yield LookedAt(read / whole, "the statements' time")
    if parts := needs & _OF_TABLES:
        names = {table.name for table in snapshot.tables}
        causes = [one for one in snapshot.not_examined if not parts.isdisjoint(one.parts)]
        names |= {name for one in causes if "tables" in one.parts for name in one.relations}
        unread = names & {name for one in causes for name in one.relations}
        if names:
            yield LookedAt(1 - len(unread) / len(names), "the tables")


@once_a_snapshot
def _milliseconds(snapshot: Snapshot) -> tuple[float, float]:
    """Return the time of all statements of the database, and of those that could be read."""
    known = sum(one.total_ms for one in snapshot.statements)
    unreadable = sum(one.statement.total_ms for one in read_statements(snapshot) if one.kind == "unreadable")
    return known + snapshot.unread_statements.total_ms, known - unreadable
