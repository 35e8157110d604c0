"""Run or plan the policies that a team states beside its models: one of the verbs that write to the user's database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from pgwright.errors import ConfigError, RetentionFailed
from pgwright.importing import load
from pgwright.migrations import AlembicDirectory
from pgwright.model.retained import Retained, RetainedPartitions, RetainedRule
from pgwright.model.revision_text import RevisionFile, RevisionText
from pgwright.pipeline.batch_engine import batch_engine, place
from pgwright.pipeline.revisions import files_of
from pgwright.remedies.revision import in_docstring
from pgwright.visible import as_line, visible
from pgwright_runtime.batches import BatchMetrics, BatchProgress, StopFlag
from pgwright_runtime.retention import Retention as Policies
from pgwright_runtime.retention import RetentionPlan, RetentionRun
from pgwright_runtime.retention.partitions import PartitionAdvice, PartitionPlan, PartitionReport
from pgwright_runtime.retention.partitions.worth import IMPORTS

_APPLICATION_NAME = "pgwright-retain"


def read_policies(name: str, folder: Path) -> Policies:
    """Import the policies, `module:attribute`.

    Raises: ImportFailed; ConfigError: it is no `pgwright_runtime.retention.Retention`.
    """
    found = load(name, folder)
    if not isinstance(found, Policies):
        raise ConfigError(
            f"{name!r} is of type {type(found).__name__}; expected a pgwright_runtime.retention.Retention."
        )
    return found


def plan_retention(policies: Policies, name: str, dsn: str | None) -> Retained:
    """Count what would go, in one read-only snapshot. Raises: RetentionFailed, ConnectionFailed."""
    with _connected(dsn) as engine:
        plan = policies.plan(engine)
    return _planned(plan, name, place(dsn))


def partitioning_files(plan: Retained, directory: AlembicDirectory) -> tuple[RevisionFile, ...]:
    """Return the revisions that partition the tables of which the plan says that this would serve better.

    Raises: MigrationError: there are several heads, or such a revision exists.
    """
    found = [rule.partitioning for rule in plan.rules if rule.partitioning is not None]
    return files_of([(text.docstring.partition("\n")[0].rstrip("."), text) for text in found], directory)


def run_retention(
    policies: Policies,
    name: str,
    dsn: str | None,
    *,
    limit_s: float | None,
    is_forced: bool,
    stop: StopFlag,
    progress: object,
    metrics: BatchMetrics | None = None,
) -> Retained:
    """Delete what is due, in batches. Raises: RetentionFailed, ConnectionFailed."""

    def tell(one: BatchProgress) -> None:
        if callable(progress):
            progress(one)

    limit = None if limit_s is None else timedelta(seconds=limit_s)
    with _connected(dsn) as engine:
        run = policies.run(engine, limit=limit, force=is_forced, stop=stop, progress=tell, metrics=metrics)
    return _ran(run, name, place(dsn))


def _connected(dsn: str | None) -> AbstractContextManager[Engine]:
    done = "What is deleted by then stays deleted."
    return batch_engine(dsn, _APPLICATION_NAME, RetentionFailed, done)


def _planned(plan: RetentionPlan, name: str, place: str) -> Retained:
    return Retained(
        policies=name,
        database=plan.database,
        server=place,
        at=f"{plan.at:%Y-%m-%d %H:%M:%S %Z}",
        is_dry_run=True,
        rules=tuple(
            RetainedRule(
                one.name,
                one.says,
                dict(one.rows),
                dict(one.kept),
                one.walk,
                one.advice,
                _partitioning(one.partitioning),
            )
            for one in plan.rules
        ),
        is_done=not plan.faults and not plan.refusals,
        ended="counted",
        seconds=0.0,
        faults=plan.faults,
        refusals=plan.refusals,
        partitions=tuple(map(_partitions_to_do, plan.partitions)),
    )


def _partitioning(advice: PartitionAdvice | None) -> RevisionText | None:
    if advice is None or advice.obstacles:
        return None
    noticed = "".join(f"\n- {one}" for one in advice.changes)
    title = f"Partition {as_line(advice.table.name)} by {as_line(advice.column)}."
    about = f"{title}\n\n{advice.reason}.\n\nWhat changes:\n{noticed}"
    return RevisionText(
        docstring=in_docstring(about),
        imports=IMPORTS,
        upgrade=f"    {visible(advice.upgrade)}",
        downgrade=f"    {visible(advice.downgrade)}",
        rest="",
    )


def _partitions_to_do(plan: PartitionPlan) -> RetainedPartitions:
    due = tuple(str(one) for one in (*plan.finalize, *plan.detach))
    dropped = (*map(str, plan.drop), *(due if plan.drops else ()))
    return RetainedPartitions(str(plan.table), tuple(map(str, plan.create)), due, dropped, {}, plan.notes)


def _partitions_done(report: PartitionReport) -> RetainedPartitions:
    return RetainedPartitions(
        report.table,
        tuple(report.created),
        tuple(report.detached),
        tuple(report.dropped),
        dict(report.left),
        report.notes,
        report.is_busy,
    )


def _ran(run: RetentionRun, name: str, place: str) -> Retained:
    return Retained(
        policies=name,
        database=run.database,
        server=place,
        at=f"{run.at:%Y-%m-%d %H:%M:%S %Z}",
        is_dry_run=False,
        rules=tuple(
            RetainedRule(
                one.name,
                one.says,
                dict(one.rows),
                dict(one.kept),
                batches=one.batches,
                seconds=one.seconds,
                waited_seconds=one.waited_s,
                longest_ms=one.longest_s * 1000,
            )
            for one in run.rules
        ),
        is_done=run.is_done,
        ended=run.ended,
        seconds=run.seconds,
        notes=run.notes,
        partitions=tuple(map(_partitions_done, run.partitions)),
    )
