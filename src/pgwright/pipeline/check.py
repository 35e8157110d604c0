"""Stage 2: every source is read, and its checks are asked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

from pgwright.advisor.goal import Goal
from pgwright.checks import (
    CheckRun,
    load_checks,
    origin_of,
    require_checks,
    run_checks,
    score_subjects,
    set_apart,
    skip_checks,
    slowest_statements,
    unite_causes,
)
from pgwright.errors import BrokenCheck
from pgwright.model.advice import Advice
from pgwright.model.endpoints import ProbedApp
from pgwright.model.finding import Check, Diagnosis
from pgwright.model.migration import PendingMigrations
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.pipeline.advise import ANY_GOAL
from pgwright.pipeline.question import Question
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.pipeline.sources import SOURCES, Source
from pgwright.probe import ProbeRequest

T = TypeVar("T")


def check(
    source: SourceLike = None,
    *,
    policy: Policy | None = None,
    with_advice: bool = True,
    goal: Goal = ANY_GOAL,
    app: ProbeRequest | None = None,
    server: Path | None = None,
    progress: Progress = silent,
) -> Diagnosis:
    """Say what makes a database, and the app on it, slow or unsafe.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        policy: what the team states: what is allowed, how long rows are kept, the pools.
        with_advice: ask the index advisor too, which builds a planner twin and takes most of the time.
        goal: what the advisor is asked for.
        app: an app whose endpoints are called too; None: none is.
        server: the folder of a PostgreSQL to plan on; None: one of production's major version, if one is found.
        progress: told what is being done.
    Returns: The findings, worst first and one for each cause, with a score for each subject, and the slowest
        statements. A source that fails is *not examined*.
    Raises: DatabaseError. ConfigError: the source cannot be read, or the policy allows what is no check.
        BrokenCheck: a check of another distribution cannot be used.
    """
    # Before the database is read: a plugin that cannot be used costs nothing. Revisions are judged by `lint`.
    checks = tuple(one for one in load_checks() if one.reads is not PendingMigrations)
    _require_sources(checks)
    require_checks(policy.allow if policy is not None else ())
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    question = Question(snapshot, goal if with_advice else None, app, server, progress)
    answers = [(one, one.answer(question)) for one in SOURCES]
    runs = [_ask(one, value, checks) for one, value in answers]
    found, allowed = set_apart((finding for run in runs for finding in run.findings), snapshot.policy)
    advice, app_seen = _read_into(Advice, answers), _read_into(ProbedApp, answers)
    findings = unite_causes(found, snapshot, app_seen if isinstance(app_seen, ProbedApp) else None)
    not_examined = tuple(dict.fromkeys(entry for run in runs for entry in run.not_examined))
    return Diagnosis(
        database=snapshot.server.database,
        server_version=snapshot.server.version,
        taken_at=snapshot.taken_at,
        checks_run=tuple(sorted(name for run in runs for name in run.names)),
        findings=findings,
        not_examined=not_examined,
        scorecard=score_subjects(snapshot, findings, not_examined, checks),
        planned_on=advice.planned_on if isinstance(advice, Advice) else None,
        allowed=tuple(one.key for one in allowed),
        slowest=slowest_statements(snapshot, findings, advice),
        observed_seconds=snapshot.observed_seconds,
    )


def _read_into(kind: type[T], answers: Iterable[tuple[Source, object]]) -> T | NotExamined:
    """Return the value of the source that is read into this type, or why there is none."""
    return cast("T | NotExamined", next(value for source, value in answers if source.value is kind))


def _ask(source: Source, value: object, checks: tuple[Check[Any], ...]) -> CheckRun:
    """Return what the checks of a source found; of one that was not read, that they looked at nothing."""
    asked = [check for check in checks if check.reads is source.value]
    if not isinstance(value, NotExamined):
        return run_checks(value, asked)
    return CheckRun(not_examined=(skip_checks(asked, value),) if asked else ())


def _require_sources(checks: tuple[Check[Any], ...]) -> None:
    """Raise BrokenCheck where a check reads what no source gives."""
    known = [source.value for source in SOURCES]
    for check in checks:
        if check.reads not in known:
            named = ", ".join(value.__name__ for value in known)
            reason = f"the check {check.name!r} reads {check.reads.__name__}, which no source gives; known: {named}"
            raise BrokenCheck(origin_of(check), reason)
