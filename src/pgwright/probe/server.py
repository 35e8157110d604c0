"""What the statements of a probe cost on the server, by `pg_stat_statements`."""

from __future__ import annotations

from collections.abc import Mapping

from pglast.parser import ParseError, fingerprint

from pgwright.database import ReadOnlyDatabase
from pgwright.errors import QueryFailed
from pgwright.marks import is_of_app
from pgwright.model.endpoints import StatementCost
from pgwright.model.not_examined import NotExamined
from pgwright.probe.catalog import PACKAGE
from pgwright.sqltext import repaired

# pg_stat_statements.max is 5,000 by default.
MOST_STATEMENTS = 5_000
_EXTENSION = "pg_stat_statements"
_WHAT = "the cost on the server"


ServerCosts = Mapping[str, StatementCost]
"""By fingerprint, as `cost_of` makes it."""


def read_costs(database: ReadOnlyDatabase, missing: list[NotExamined]) -> ServerCosts:
    """Return what each statement has cost so far; what hinders goes to `missing`. Raises QueryFailed."""
    function = database.extension_function(_EXTENSION, f"{_EXTENSION}(boolean)")
    if function is None:
        missing.append(NotExamined(_WHAT, f"{_EXTENSION} is not installed", "pgwright explain extension-missing"))
        return {}
    relation = f"{function.name}(true)"
    try:
        rows = database.read(PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=relation)
    except QueryFailed as error:
        missing.append(NotExamined(_WHAT, error.reason))
        return {}
    rows = [row for row in rows if is_of_app(row["text"] or "")]
    whole = sum(row["total_ms"] for row in rows)
    costs: dict[str, StatementCost] = {}
    for row in rows:
        mark = _fingerprint(row["text"] or "")
        if mark:
            old = costs.get(mark, StatementCost((), 0, 0.0, 0.0))
            total_ms = old.total_ms + row["total_ms"]
            share = total_ms / whole if whole else 0.0
            costs[mark] = StatementCost((*old.query_ids, row["query_id"]), old.calls + row["calls"], total_ms, share)
    return costs


def cost_of(statement: str, costs: ServerCosts) -> StatementCost | None:
    """Return what a statement costs on the server; None when it has not run there."""
    return costs.get(_fingerprint(statement))


def _fingerprint(text: str) -> str:
    try:
        return str(fingerprint(repaired(text)))
    except ParseError:
        return ""
