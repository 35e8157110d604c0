"""Beside the stages: what production would do with one statement, as it is and with a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pgwright.errors import TwinError
from pgwright.model.comparison import StatementComparison
from pgwright.model.not_examined import NotExamined, lacking
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.twin.comparison import compare_plans


def plan(
    source: SourceLike,
    text: str,
    *,
    query_id: int | None = None,
    values: Sequence[str | None] = (),
    with_indexes: Sequence[str] = (),
    without_indexes: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    server: Path | None = None,
    progress: Progress = silent,
) -> StatementComparison:
    """Plan one statement on the planner twin, as it is and with a change; it never runs.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        text: the statement; "" with a `query_id`.
        query_id: take the statement from the workload.
        values: of `$1`, `$2`, …, None for NULL; without any, such as the statistics give, else the generic plan.
        with_indexes: CREATE INDEX statements to plan with.
        without_indexes: names of indexes to plan without.
        settings: to plan with, by name.
        policy: what the team states.
        server: the folder of a PostgreSQL to plan on; None: one of production's major version, if one is found.
        progress: told what is being done.
    Returns: Both plans, what differs, and what the twin cannot know.
    Raises: StatementRefused, TwinError, EmbeddedServerError, DatabaseError, ConfigError.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    if not snapshot.schema_sql:
        without = NotExamined("schema", "the snapshot holds no schema")
        cause = lacking(snapshot.not_examined, ("schema_sql",)) or without
        raise TwinError(". ".join(part for part in (f"no plan: {cause.reason}", cause.remedy) if part))
    progress("planning on the twin")
    return compare_plans(
        snapshot,
        text,
        query_id=query_id,
        values=values,
        with_indexes=with_indexes,
        without_indexes=without_indexes,
        settings=settings,
        server=server,
    )
