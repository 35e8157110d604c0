"""Stage 4: a change is applied to a copy, and measured beside an unchanged one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pgwright.database import conninfo
from pgwright.errors import ProofError
from pgwright.logs import read_log
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.proof import Proof
from pgwright.model.snapshot import Snapshot
from pgwright.model.trial import Trial
from pgwright.pipeline.changes import Revisions, Script, Settings, Unwritten
from pgwright.pipeline.snapshot import SourceLike, is_file, take_snapshot
from pgwright.proof import Operation
from pgwright.proof import prove as proving
from pgwright.proof import trial as trying
from pgwright.proof.forecast import forecast
from pgwright.proof.timing import ROUNDS
from pgwright.snapshot import read_snapshot


def prove(
    source: SourceLike,
    change: Revisions | Script | Settings | Unwritten,
    *,
    operations: Sequence[Operation] = (),
    staging: str | None = None,
    rounds: int = ROUNDS,
    policy: Policy | None = None,
    server: Path | None = None,
    logs: Sequence[Path] = (),
    progress: Progress = silent,
) -> Proof:
    """Copy the database twice, apply the change to one copy, plan and measure both, compare results.

    Args:
        source: a DSN, or None for DATABASE_URL and the PG* variables; the database is only read. A snapshot, or the
            file of one, holds no rows: then the plans are compared, no times.
        change: what is applied.
        operations: the app's own, measured beside the statements of the workload.
        staging: a server where the copies may be made; None: an embedded one.
        rounds: counted runs of each statement and operation.
        policy: what the team states.
        server: the folder of a PostgreSQL to plan and measure on; None: one of production's major version, if one is
            found.
        logs: files of the server's log, or folders of them: values and plans of real calls are taken from there.
        progress: told what is being done.
    Returns: Times before and after, plans, and whether the results are equal.
    Raises: ProofError, MigrationError, TwinError, EmbeddedServerError, DatabaseError, UnreadableLog.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    change.require_pending(snapshot)
    log = read_log(logs, snapshot, progress) if logs else None
    apply, read = partial(change.apply, snapshot), partial(read_snapshot, policy=policy)
    if isinstance(source, Snapshot) or is_file(source):
        progress("planning on the twin")
        planned = forecast(snapshot, apply=apply, read=read, server=server)
        if log is None:
            return planned
        return replace(planned, log=log.told, not_examined=(*planned.not_examined, *log.missing))
    return proving.prove(
        snapshot,
        conninfo(None if source is None else str(source)),
        apply=apply,
        read=read,
        operations=operations,
        staging=staging,
        server=server,
        log=log,
        rounds=rounds,
        progress=progress,
    )


def try_settings(
    source: str | None = None,
    *,
    staging: str | None = None,
    rounds: int = ROUNDS,
    policy: Policy | None = None,
    server: Path | None = None,
    progress: Progress = silent,
) -> Trial:
    """Copy the database once, and measure the settings that are worth trying over the whole workload.

    Args:
        source: a DSN, or None for DATABASE_URL and the PG* variables; the database is only read.
        staging, rounds, policy, server, progress: as for `prove`.
    Returns: For each setting what it does to the time of the workload; for the others why they were not tried.
    Raises: ProofError: a snapshot file, which holds no rows. TwinError, EmbeddedServerError, DatabaseError.
    """
    if is_file(source):
        raise ProofError(
            f"{source!r} is a snapshot: it holds no rows to measure settings on. Name the database itself."
        )
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    return trying.try_settings(
        snapshot, conninfo(source), staging=staging, server=server, rounds=rounds, progress=progress
    )
