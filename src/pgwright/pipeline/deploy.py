"""Beside the path: revisions of indexes, deployed: backup, build, and the windows of the workload before and after."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pgwright.database import conninfo
from pgwright.deployment import (
    DeploymentState,
    changed_indexes,
    check_backup,
    compare,
    counts_of,
    dump_command,
    judge_indexes,
    read_state,
    window,
    write_state,
)
from pgwright.deployment.state import FORMAT
from pgwright.errors import ConfigError, DatabaseError, DeployRefused
from pgwright.migrations import AlembicDirectory
from pgwright.model.change import DropIndex
from pgwright.model.deployment import BackupCheck, DeployedIndex, Deployment, DeploymentStatus
from pgwright.model.finding import Evidence, Finding
from pgwright.model.migration import Action, ActionKind, ObservedRevision
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress, silent
from pgwright.model.revision_text import RevisionFile
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, observe
from pgwright.pipeline.revisions import revision_files
from pgwright.pipeline.snapshot import take_snapshot
from pgwright.remedies import in_parts, make_fix

# What a revision of indexes may do besides: wait for locks, and look.
_OF_INDEXES: frozenset[ActionKind] = frozenset(
    {
        "create index",
        "drop index",
        "reindex",
        "rename index",
        "create statistics",
        "set",
        "select",
        "analyze",
        "comment",
    }
)
_CHANGING: frozenset[ActionKind] = frozenset({"create index", "drop index", "reindex"})
_COUNTED_HERE = NotExamined(
    "use on replicas",
    "pg_stat_user_indexes counts the scans of this server alone",
    "pgwright deploy --confirm FILE on each replica that answers queries of these tables",
)
Run = Callable[[str], object]
"""Brings the database to a revision."""


@dataclass(frozen=True)
class DeployOrder:
    """What is deployed, and how it is watched."""

    directory: AlembicDirectory
    dsn: str | None = None
    until: str = "head"
    backup: Path | None = None
    """An archive of `pg_dump`; None: nobody named one."""
    window_s: float = 300
    """How long the workload is counted before, and after. 0: all that was counted before, and nothing after."""
    state: Path = Path("pgwright-deployment.json")


@dataclass(frozen=True)
class DeployPlan:
    """What would be deployed."""

    snapshot: Snapshot
    revisions: tuple[str, ...]
    tables: tuple[QualifiedName, ...]
    """Whose indexes change."""
    backup: BackupCheck


def plan_deployment(order: DeployOrder, *, progress: Progress = silent) -> DeployPlan:
    """Say what would be deployed, after a look at the revisions on a twin and at the backup. Changes nothing.

    Raises: DeployRefused: a pending revision changes more than indexes, or fails. MigrationError, DatabaseError.
    """
    snapshot = take_snapshot(order.dsn, progress=progress)
    pending = observe(LintOrder(order.directory, snapshot, until=order.until), progress)
    _require_indexes_alone(pending.revisions)
    actions = [
        action
        for revision in pending.revisions
        for statement in revision.upgrade.statements
        for action in statement.actions
    ]
    tables = {table for action in actions for table in _tables(action, snapshot)}
    command = dump_command(conninfo(order.dsn))
    backup = BackupCheck("", command) if order.backup is None else check_backup(order.backup, snapshot, command)
    revisions = tuple(one.revision for one in pending.revisions)
    return DeployPlan(snapshot, revisions, tuple(sorted(tables)), backup)


def _tables(action: Action, snapshot: Snapshot) -> Iterator[QualifiedName]:
    """Yield the tables whose indexes an action changes."""
    if action.kind not in _CHANGING or action.table is None:
        return
    named = action.table
    yield from (table.name for table in snapshot.tables if named.matches(table.name))
    yield from (index.table for index in snapshot.indexes if named.matches(index.name))


def _require_indexes_alone(revisions: Iterable[ObservedRevision]) -> None:
    for revision in revisions:
        if revision.upgrade.error:
            raise DeployRefused(f"the revision {revision.revision} fails on a twin: {revision.upgrade.error}")
        for statement in revision.upgrade.statements:
            other = next((one.kind for one in statement.actions if one.kind not in _OF_INDEXES), None)
            if other is not None or not statement.actions:
                raise DeployRefused(
                    f"the revision {revision.revision} changes more than indexes ({other or 'a statement unknown'}, "
                    f"{statement.place}). Run it by pgwright migrate, or deploy up to the one before: --until"
                )


def deploy_indexes(
    order: DeployOrder,
    plan: DeployPlan,
    run: Run,
    *,
    wait: Callable[[str, float], None] | None = None,
    progress: Progress = silent,
) -> Deployment:
    """Count a window, run the revisions, count another one, and say what came of it.

    Args:
        run: brings the database to a revision.
        wait: waits so many seconds for what it is told; None: sleeps.
    Raises: what `run` raises; DatabaseError.
    """
    if not plan.revisions:
        return _nothing(order, plan)
    waits = wait or (lambda what, seconds: time.sleep(seconds))
    started = datetime.now(UTC)
    first = counts_of(plan.snapshot, plan.tables) if order.window_s else {}
    if order.window_s:
        waits("the window before", order.window_s)
    last = take_snapshot(order.dsn, progress=progress)
    before = window(first, counts_of(last, plan.tables))
    begun = time.monotonic()
    run(plan.revisions[-1])
    build_seconds = time.monotonic() - begun
    after = take_snapshot(order.dsn, progress=progress)
    changes = changed_indexes(last, after)
    tables = sorted({*plan.tables, *(one.table for one in changes)})
    if plan.revisions[-1] not in after.server.alembic_revisions:
        found = ", ".join(after.server.alembic_revisions) or "no revision"
        raise DeployRefused(
            f"the revisions ran, and the alembic_version of {after.server.database!r} is at {found}: somebody moved "
            "it meanwhile, or env.py writes another one. The indexes are there; see by: pgwright migrate --dry-run"
        )
    state = DeploymentState(
        format=FORMAT,
        database=after.server.database,
        started_at=started.isoformat(timespec="seconds"),
        deployed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revisions=plan.revisions,
        backup=plan.backup,
        changes=changes,
        before=tuple(before.values()),
        since=tuple(counts_of(after, tables).values()),
        build_seconds=round(build_seconds, 3),
        before_seconds=order.window_s or plan.snapshot.observed_seconds,
    )
    write_state(order.state, state)
    if order.window_s:
        waits("the window after", order.window_s)
    return _confirmed(state, take_snapshot(order.dsn, progress=progress), order.state)


def confirm_deployment(path: Path, dsn: str | None, *, progress: Progress = silent) -> Deployment:
    """Say what has come of a deployment since it ended.

    Raises: ConfigError: the file is none of a deployment, or the database is another one. DatabaseError.
    """
    state, now = read_state(path), take_snapshot(dsn, progress=progress)
    _require_same(state, now, path)
    return _confirmed(state, now, path)


def _require_same(state: DeploymentState, now: Snapshot, path: Path) -> None:
    if now.server.database != state.database:
        raise ConfigError(
            f"{str(path)!r} is of the database {state.database!r}, and this is {now.server.database!r}. Name that one"
        )


def roll_back(
    path: Path,
    dsn: str | None,
    directory: AlembicDirectory,
    *,
    has_runtime: bool,
    asked_replicas: bool = False,
    progress: Progress = silent,
) -> tuple[Deployment, tuple[RevisionFile, ...]]:
    """Return a revision that drops the indexes of a deployment that nobody uses, and where they stand. Writes nothing.

    An index stays where nothing has read or written its table since: then nothing is known of its use.

    Args:
        asked_replicas: the user says that no replica uses them.
    Raises: as `confirm_deployment`; DeployRefused: this is a replica, or there are some. MigrationError: the database
        is not at the head.
    """
    state, now = read_state(path), take_snapshot(dsn, progress=progress)
    _require_same(state, now, path)
    if now.server.is_standby:
        raise DeployRefused(
            "this is a replica, where no index can be dropped. What it uses is told by: "
            f"pgwright deploy DSN --confirm {path}"
        )
    deployment = _confirmed(state, now, path)
    unused = [
        _unused(one, now)
        for one in deployment.indexes
        if one.verdict == "not used yet" and _is_at_work(one, state, now)
    ]
    findings = [one for one in unused if one is not None]
    if not findings:
        return deployment, ()
    if now.server.replica_count and not asked_replicas:
        raise DeployRefused(
            "each server counts for itself, and a replica may use what this one does not. Ask each: pgwright deploy "
            f"DSN --confirm {path}; then run this on the primary with --asked-replicas"
        )
    directory.require_current(now)
    parts = in_parts(make_fix(now, findings), now, "Drop indexes that nobody uses")
    return deployment, revision_files(parts, now, directory, has_runtime=has_runtime)


def is_at(dsn: str | None, revision: str) -> bool:
    """Return whether a revision has run, as far as the database can be asked."""
    try:
        return revision in take_snapshot(dsn).server.alembic_revisions
    except DatabaseError:
        return True


def _is_at_work(index: DeployedIndex, state: DeploymentState, now: Snapshot) -> bool:
    """Tell whether statements on the table have run since the deployment."""
    since = {one.query_id: one for one in state.since}
    return any(one.calls for one in window(since, counts_of(now, [index.table])).values())


def _unused(index: DeployedIndex, snapshot: Snapshot) -> Finding | None:
    """Return what asks for an index to be dropped; None where something rests on it."""
    known = next((one for one in snapshot.indexes if one.name == index.name), None)
    if known is None or known.enforces:
        return None
    return Finding(
        check="unused-index",
        subject="indexes",
        severity="low",
        confidence="certain",
        object=index.name.short,
        message=f"{index.name.short} was deployed and no query has used it.",
        evidence=(Evidence("scans since it was deployed", str(index.scans)),),
        advice="Drop it.",
        changes=(DropIndex(index.name, index.table, index.sql, index.size_bytes),),
    )


def _confirmed(state: DeploymentState, now: Snapshot, path: Path) -> Deployment:
    tables = sorted({one.table for one in state.changes})
    deployed = datetime.fromisoformat(state.deployed_at)
    seconds = (datetime.now(UTC) - deployed).total_seconds()
    # Counters that began anew after the deployment count what came after it, and nothing else.
    is_new = now.observed_seconds is not None and now.observed_seconds < seconds
    since = {} if is_new else {one.query_id: one for one in state.since}
    # A replica counts its own statements: those of the primary are no window before.
    after = {} if now.server.is_standby else window(since, counts_of(now, tables))
    statements = compare({one.query_id: one for one in state.before}, after)
    reset_at = now.server.statistics_reset_at
    is_counted = reset_at is None or datetime.fromisoformat(reset_at) < deployed
    indexes = judge_indexes(state.changes, now, is_counted=is_counted)
    status: DeploymentStatus = "not confirmed"
    if any(one.verdict == "slower" for one in statements):
        status = "slower"
    elif all(one.verdict in ("used", "dropped") for one in indexes):
        status = "confirmed"
    return Deployment(
        database=now.server.database,
        server_version=now.server.version,
        started_at=state.started_at,
        status=status,
        revisions=state.revisions,
        backup=state.backup,
        indexes=indexes,
        statements=statements,
        build_seconds=state.build_seconds,
        before_seconds=state.before_seconds,
        after_seconds=round(seconds, 1),
        state=str(path),
        not_examined=_unseen(now, statements_read=bool(after)),
    )


def _unseen(now: Snapshot, *, statements_read: bool) -> tuple[NotExamined, ...]:
    if now.server.is_standby:
        reason = "this is a replica, and the window before was counted on the primary"
        return (NotExamined("statements", reason, "pgwright deploy --confirm FILE on the primary"),)
    told = [] if statements_read else [
        NotExamined("statements", "pg_stat_statements counted none on these tables",
                    "see what pgwright check says of pg_stat_statements")
    ]  # fmt: skip
    own = [one for one in now.not_examined if "statements" in one.parts]
    return (*own, *told, _COUNTED_HERE)


def _nothing(order: DeployOrder, plan: DeployPlan) -> Deployment:
    server = plan.snapshot.server
    return Deployment(
        database=server.database,
        server_version=server.version,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        status="nothing to do",
        revisions=(),
        backup=plan.backup,
        indexes=(),
        statements=(),
        build_seconds=0.0,
        before_seconds=None,
        after_seconds=0.0,
    )


def rolled_back(path: Path, dsn: str | None, *, progress: Progress = silent) -> Deployment:
    """Return what has become of a deployment after its rollback ran. Raises: as `confirm_deployment`."""
    deployment = confirm_deployment(path, dsn, progress=progress)
    indexes = tuple(replace(one, verdict="dropped") if one.verdict == "missing" else one for one in deployment.indexes)
    return replace(deployment, status="rolled back", indexes=indexes)
