"""Stages 1 to 4 in one: from reading a database to the parts of a fix, as `pgwright fix` and `pgwright pr` make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pgwright.advisor.goal import Goal
from pgwright.code import AppModels
from pgwright.migrations import AlembicDirectory
from pgwright.model.finding import Diagnosis
from pgwright.model.fix import Fix
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.advise import ANY_GOAL
from pgwright.pipeline.check import check
from pgwright.pipeline.fix import fix
from pgwright.pipeline.models import as_named, with_models
from pgwright.pipeline.online import online, with_times
from pgwright.pipeline.proved_fix import fix_proved
from pgwright.pipeline.snapshot import take_snapshot
from pgwright.proof.timing import ROUNDS
from pgwright.remedies import FixChoice, Part, in_parts

SMALL = FixChoice()


@dataclass(frozen=True)
class Measuring:
    """Where and how often a fix is measured."""

    staging: str | None = None
    """A server for the copies; None: an embedded one."""
    rounds: int = ROUNDS


@dataclass(frozen=True)
class FixOrder:
    """What a fix is to be."""

    choice: FixChoice = SMALL
    goal: Callable[[Snapshot], Goal] = lambda snapshot: ANY_GOAL
    """What the index advisor is asked for, of this database."""
    measuring: Measuring | None = None
    """None: nothing is measured."""
    directory: AlembicDirectory | None = None
    """None: the fix goes into no revision."""
    models: AppModels | None = None
    """None: they are left alone."""
    message: str = ""
    with_advice: bool = True
    as_uuid: bool = False
    imports: bool = False
    """The edited models are imported before anything is written."""
    accepts: Callable[[Fix], None] | None = None
    """Raises what stands in the way of writing such a fix, before minutes go into measuring it; it is told of all that
    may be in the fix, with the edits of the models."""
    online: bool = False
    """Conversions become series that run beside the app."""
    timestamps: tuple[str, ...] = ()
    """Columns that get a time zone, each as `table.column=zone`."""
    requires_head: bool = True
    """The database has to be at the head of the directory."""
    policy: Policy | None = None
    server: Path | None = None


@dataclass(frozen=True)
class MadeFix:
    """A fix, and what it was made of."""

    snapshot: Snapshot
    diagnosis: Diagnosis
    fix: Fix
    parts: tuple[Part, ...]
    """What each revision holds; none: there is nothing to write."""


def make(source: str | None, order: FixOrder, progress: Progress = silent) -> MadeFix:
    """Read a database, find, choose, measure and turn what stays into the parts of a fix. Writes nothing.

    Args:
        source: a DSN, or None for DATABASE_URL and the PG* variables; where nothing is measured, the path of a snapshot
            file too.
        order: what the fix is to be.
        progress: told what is being done.
    Returns: The fix, with its proof where it was measured, and what each revision holds of it.
    Raises: MigrationError: the database is not at the head. What `check`, `fix_proved` and `with_models` raise.
    """
    snapshot = take_snapshot(source, policy=order.policy, progress=progress)
    if order.directory is not None and order.requires_head:
        order.directory.require_current(snapshot)
    diagnosis = check(
        snapshot,
        with_advice=order.with_advice,
        goal=order.goal(snapshot),
        server=order.server,
        progress=progress,
    )
    if order.models is not None:
        diagnosis = as_named(diagnosis, order.models)
    made = _made(source, snapshot, diagnosis, order, progress)
    made = with_times(made, order.timestamps, snapshot)
    if order.online:
        made = online(made, snapshot, is_named=bool(order.choice.only or order.timestamps))
    if order.models is not None and made.remedies:
        made = with_models(made, order.models, as_uuid=order.as_uuid, imports=order.imports, progress=progress)
    return MadeFix(snapshot, diagnosis, made, in_parts(made, snapshot, order.message))


def _made(source: str | None, snapshot: Snapshot, diagnosis: Diagnosis, order: FixOrder, progress: Progress) -> Fix:
    with_possible = bool(order.choice.only)
    if order.measuring is None or order.accepts is not None:
        planned = fix(snapshot, diagnosis, choice=order.choice, with_possible=with_possible)
        if order.accepts is not None:
            whole = planned if order.models is None else with_models(planned, order.models, as_uuid=order.as_uuid)
            order.accepts(whole)
        if order.measuring is None:
            return planned
    return fix_proved(
        source,
        snapshot,
        diagnosis,
        choice=order.choice,
        with_possible=with_possible,
        staging=order.measuring.staging,
        rounds=order.measuring.rounds,
        policy=order.policy,
        server=order.server,
        progress=progress,
    )
