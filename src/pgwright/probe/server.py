"""What the statements of a probe cost on the server, by `pg_stat_statements`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pglast.parser import ParseError, fingerprint

from pgwright.database import ReadOnlyDatabase
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.probe.catalog import PACKAGE
from pgwright.sqltext import repaired

# pg_stat_statements.max is 5,000 by default.
MOST_STATEMENTS = 5_000
_EXTENSION = "pg_stat_statements"
_WHAT = "the cost on the server"


@dataclass(frozen=True)
class ServerCost:
    """One statement on the server, over all roles and all lengths of its lists."""

    query_ids: tuple[int, ...]
    calls: int
    total_ms: float
    share: float
    """Of the time of all statements of this database, in [0, 1]."""

    def __str__(self) -> str:
        return f"{self.total_ms / self.calls:,.2f} ms mean, {self.calls:,} calls, {100 * self.share:.1f} % of all time"


ServerCosts = Mapping[str, ServerCost]
"""By fingerprint, as `cost_of` makes it."""


def read_costs(database: ReadOnlyDatabase, missing: list[NotExamined]) -> ServerCosts:
    """Return what each statement has cost so far; what hinders goes to `missing`. Raises QueryFailed."""
    schemas = database.query(
        "SELECT n.nspname AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = %(name)s",
        {"name": _EXTENSION},
    )
    if not schemas:
        missing.append(NotExamined(_WHAT, f"{_EXTENSION} is not installed", "pgwright explain extension-missing"))
        return {}
    relation = f"{quote(schemas[0]['name'])}.{_EXTENSION}"
    rows = database.read(PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=relation)
    whole = sum(row["total_ms"] for row in rows)
    costs: dict[str, ServerCost] = {}
    for row in rows:
        mark = _fingerprint(row["text"] or "")
        if mark:
            old = costs.get(mark, ServerCost((), 0, 0.0, 0.0))
            total_ms = old.total_ms + row["total_ms"]
            share = total_ms / whole if whole else 0.0
            costs[mark] = ServerCost((*old.query_ids, row["query_id"]), old.calls + row["calls"], total_ms, share)
    return costs


def cost_of(statement: str, costs: ServerCosts) -> ServerCost | None:
    """Return what a statement costs on the server; None when it has not run there."""
    return costs.get(_fingerprint(statement))


def _fingerprint(text: str) -> str:
    try:
        return str(fingerprint(repaired(text)))
    except ParseError:
        return ""
