"""Stage 1, the part that plans: a workload becomes an Advice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pgwright.advisor import advisor
from pgwright.advisor.goal import Goal
from pgwright.errors import TwinError
from pgwright.model.advice import Advice
from pgwright.model.not_examined import NotExamined, lacking
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.question import Question
from pgwright.pipeline.snapshot import SourceLike, take_snapshot

ANY_GOAL = Goal()
_USES = ("schema_sql", "tables", "indexes", "foreign_keys", "statistics", "extended_statistics", "statements")
_NEEDS = ("schema_sql", "tables", "indexes", "statistics", "statements")


def advise(
    source: SourceLike = None,
    *,
    policy: Policy | None = None,
    goal: Goal = ANY_GOAL,
    server: Path | None = None,
    progress: Progress = silent,
) -> Advice:
    """Choose indexes for the workload on the planner twin.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        policy: what the team states.
        goal: what the advisor is asked for.
        server: the folder of a PostgreSQL to plan on; None: one of production's major version, if one is found.
        progress: told what was found so far. Ctrl-C meanwhile gives the best choice so far; the advice says so.
    Returns: The indexes with their gain, size and price, and the statements that could not be planned.
    Raises: TwinError: the snapshot lacks the schema or the workload, or the twin cannot be built. EmbeddedServerError,
        DatabaseError, ConfigError.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    if (cause := _lacks(snapshot)) is not None:
        raise TwinError(". ".join(part for part in (f"no advice: {cause.reason}", cause.remedy) if part))
    progress("building the planner twin")
    advice = advisor.advise(snapshot, goal, server=server, progress=progress)
    return replace(
        advice,
        limits=(*_losses(snapshot), *advice.limits),
        workload_ms=sum(one.total_ms for one in snapshot.statements),
        observed_seconds=snapshot.observed_seconds,
    )


def _losses(snapshot: Snapshot) -> Iterator[str]:
    """Yield what the reading lacked of what the advisor works from."""
    for one in snapshot.not_examined:
        if not one.parts or not set(_USES).isdisjoint(one.parts):
            yield ". ".join(part for part in (f"{one.what} not examined: {one.reason}", one.remedy) if part)


def read_advice(question: Question) -> Advice | NotExamined:
    """Return the advice that a diagnosis asks for; its checks tell what a deadline left out.

    Raises: KeyboardInterrupt: it was interrupted, and so is the diagnosis.
    """
    if question.goal is None:
        return NotExamined("advice", "the index advisor was left out on request", "leave out --no-advice")
    if (cause := _lacks(question.snapshot)) is not None:
        return cause
    advice = advise(question.snapshot, goal=question.goal, server=question.server, progress=question.progress)
    if advice.ended == "interrupted":
        raise KeyboardInterrupt
    return advice


def _lacks(snapshot: Snapshot) -> NotExamined | None:
    """Return why the advisor cannot work from this snapshot."""
    if (cause := lacking(snapshot.not_examined, _NEEDS)) is not None:
        return cause
    if not snapshot.schema_sql:
        return NotExamined("schema", "the snapshot holds no schema")
    if not snapshot.statements:
        return NotExamined("workload", "pg_stat_statements holds no statement of this database yet")
    return None
