"""The planned side: cost and plan of every workload statement, on the twin of before and on the twin of after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from pgwright.embedded import ServerChoice
from pgwright.model.advice import QueryPlan
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import PlannedStatement
from pgwright.model.snapshot import Snapshot
from pgwright.proof.session import without_text_casts
from pgwright.sqltext import gist
from pgwright.twin.planned import PricedStatement
from pgwright.twin.priced import read_workload
from pgwright.twin.servers import run_twin_server
from pgwright.twin.twin import Twin, open_twin
from pgwright.workload.parameters import Case


@dataclass(frozen=True)
class PlannedWorkload:
    """The statements of a workload, planned before a fix and after it."""

    statements: tuple[PlannedStatement, ...]
    missing: tuple[NotExamined, ...]
    planned_on: PlannedOn
    priced: tuple[PricedStatement, ...]
    """As they were read before the fix: what is measured on the copies is what was planned."""


def compare_plans(before: Snapshot, after: Snapshot, choice: ServerChoice) -> PlannedWorkload:
    """Plan the workload of `before` on both twins, with the same values. Raises TwinError, EmbeddedServerError."""
    planned: list[PlannedStatement] = []
    with (
        run_twin_server(choice.programs) as server,
        open_twin(before, server, choice=choice) as old,
        open_twin(after, server) as new,
    ):
        workload = read_workload(before, old)
        missing = list(workload.unplanned)
        for one in workload.statements:
            statement = one.statement
            try:
                was, now = _plan(old, statement.text, one.cases), _plan(new, statement.text, one.cases)
            except psycopg.Error as error:
                reason = f"it cannot be planned after the fix: {error.diag.message_primary}"
                missing.append(NotExamined(gist(statement.text, 80), reason, ""))
                continue
            planned.append(
                PlannedStatement(
                    statement.query_id, statement.text, statement.calls, was.cost, now.cost, was.shape, now.shape
                )
            )
        return PlannedWorkload(tuple(planned), tuple(missing), old.planned_on, workload.statements)


@dataclass(frozen=True)
class _Planned:
    cost: float
    """Mean over the sets of values, each by the calls that it stands for."""
    shape: str
    """Of the plan that most calls have."""


def _plan(twin: Twin, text: str, cases: Sequence[Case]) -> _Planned:
    """Plan a statement with each set of its values; without casts to text where the fix made them wrong."""
    plans: list[QueryPlan] = []
    for case in cases:
        try:
            plans.append(twin.explain(text, case.values))
        except (psycopg.errors.UndefinedFunction, psycopg.errors.DatatypeMismatch):
            plans.append(twin.explain(without_text_casts(text), case.values))
    cost = sum(case.weight * plan.total_cost for case, plan in zip(cases, plans, strict=True))
    _, likeliest = max(zip(cases, plans, strict=True), key=lambda pair: pair[0].weight)
    return _Planned(cost, likeliest.shape)
