"""The planned side: cost and plan of every workload statement, on the twin of before and on the twin of after."""

from __future__ import annotations

import psycopg

from pgwright.embedded import run_server
from pgwright.model.proof import PlannedStatement
from pgwright.model.snapshot import NotExamined, Snapshot
from pgwright.planner.restore import SERVER_SETTINGS
from pgwright.planner.twin import open_twin
from pgwright.planner.workload import read_workload
from pgwright.proof.statements import without_text_casts
from pgwright.sqltext import gist


def compare_plans(before: Snapshot, after: Snapshot) -> tuple[tuple[PlannedStatement, ...], tuple[NotExamined, ...]]:
    """Plan the workload of `before` on both twins, with the same values. Raises TwinError, EmbeddedServerError."""
    planned: list[PlannedStatement] = []
    with (
        run_server(settings=SERVER_SETTINGS) as server,
        open_twin(before, server) as old,
        open_twin(after, server) as new,
    ):
        workload = read_workload(before, old)
        missing = list(workload.unplanned)
        for one in workload.statements:
            statement = one.statement
            was = old.explain(statement.text, one.values)
            try:
                try:
                    now = new.explain(statement.text, one.values)
                except (psycopg.errors.UndefinedFunction, psycopg.errors.DatatypeMismatch):
                    now = new.explain(without_text_casts(statement.text), one.values)
            except psycopg.Error as error:
                reason = f"it cannot be planned after the fix: {error.diag.message_primary}"
                missing.append(NotExamined(gist(statement.text, 80), reason, ""))
                continue
            planned.append(
                PlannedStatement(
                    statement.query_id,
                    statement.text,
                    statement.calls,
                    was.total_cost,
                    now.total_cost,
                    was.shape,
                    now.shape,
                )
            )
    return tuple(planned), tuple(missing)
