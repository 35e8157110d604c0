"""The workload with its values, fitted once on one copy, and timed there under other settings.

Settings need no copy of their own: two sessions on one copy, one of them with the settings, run a statement in turn.
A statement that has the same plan in both, and spills nothing, does the same work: it is not timed again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.model.proof import LostRows, MeasuredStatement
from pgwright.model.snapshot import Snapshot
from pgwright.proof.comparing import Side
from pgwright.proof.fitting import Fit, observed_effort
from pgwright.proof.session import CopySession
from pgwright.proof.settings import with_settings
from pgwright.proof.statements import choose_statements, find_values, not_measured, or_why_not, time_in_turn
from pgwright.twin.planned import PricedStatement

# They change how a plan is run, and not only which one is taken; here they only ever get more.
_OF_EXECUTION = ("work_mem", "hash_mem_multiplier")
# What EXPLAIN estimates: it differs between two settings where the plan does not.
_ESTIMATES = ("Startup Cost", "Total Cost", "Plan Rows", "Plan Width")
# How often a statement is run to know what it takes; of a slow one, once is enough.
_RUNS, _RUNS_SECONDS = 3, 1.0


@dataclass(frozen=True)
class FittedStatement:
    """A statement of the workload with the values that it is measured with."""

    priced: PricedStatement
    fit: Fit
    run_ms: float
    """One call, as production has the settings; warm, median of some runs."""
    spilled_blocks: int
    """That a call writes to temporary files."""

    @property
    def is_representative(self) -> bool:
        """Whether a call here does about the work of a call in production."""
        return observed_effort(self.priced.statement).is_like(self.fit.here)

    @property
    def total_ms(self) -> float:
        """Of all calls of the workload, at the time measured here."""
        return self.priced.statement.calls * self.run_ms


def uncounted(fitted: Iterable[FittedStatement]) -> tuple[NotExamined, ...]:
    """Return the statements whose time does not count, for a call here does not do the work of one in production."""
    return tuple(
        not_measured(one.priced, f"its time does not count: {_told(one)}")
        for one in fitted
        if not one.is_representative
    )


def _told(one: FittedStatement) -> str:
    observed, here = observed_effort(one.priced.statement), one.fit.here
    return (
        f"{observed.rows:,.0f} rows and {observed.blocks:,.0f} blocks a call in production, {here.rows:,.0f} and "
        f"{here.blocks:,.0f} here"
    )


Fitted = tuple[tuple[FittedStatement, ...], tuple[NotExamined, ...]]
Measured = tuple[tuple[MeasuredStatement, ...], tuple[NotExamined, ...]]


def fit_statements(
    copy: str, snapshot: Snapshot, statements: Sequence[PricedStatement], lost: Sequence[LostRows], progress: Progress
) -> Fitted:
    """Find the values of each statement, and what a call with them takes.

    Args:
        copy: its DSN.
        statements: the workload as it was planned.
        lost: tables whose rows the copy lacks: a statement on one of them is not measured.
    """
    chosen, unexamined = choose_statements(statements, lost)
    missing, fitted = list(unexamined), []
    with CopySession.open(copy, snapshot) as session:
        for number, one in enumerate(chosen):
            progress("values of the statements", number, len(chosen))
            found = or_why_not(_fitted, one, session, snapshot)
            if isinstance(found, str):
                missing.append(not_measured(one, found))
            else:
                fitted.append(found)
    return tuple(fitted), tuple(missing)


def _fitted(one: PricedStatement, session: CopySession, snapshot: Snapshot) -> FittedStatement | str:
    with session.prepared(one.statement.text, one.role) as call:
        found = find_values(one, Side(session, call), snapshot)
        if isinstance(found, str):
            return found
        spilled = session.spilled_blocks(call, found.values)
        began, taken = time.monotonic(), [session.time(call, found.values)]
        while len(taken) < _RUNS and time.monotonic() - began < _RUNS_SECONDS:
            taken.append(session.time(call, found.values))
    return FittedStatement(one, found, median(taken), spilled)


def time_under(
    settings: Mapping[str, str],
    fitted: Sequence[FittedStatement],
    copy: str,
    snapshot: Snapshot,
    *,
    rounds: int,
    progress: Progress,
) -> Measured:
    """Time what works otherwise under some settings, in turn with production's, and compare what it gives.

    Returns: What was measured, and what could not be, with the reason.
    Raises: psycopg.Error: the server refuses a setting.
    """
    measured: list[MeasuredStatement] = []
    failed: list[NotExamined] = []
    told = ", ".join(f"{name} = {value}" for name, value in settings.items())
    with CopySession.open(copy, snapshot) as old, CopySession.open(with_settings(copy, settings), snapshot) as new:
        for number, one in enumerate(fitted):
            progress(told, number, len(fitted))
            found = or_why_not(_timed, one, old, new, rounds, runs_otherwise=_runs_otherwise(one, settings))
            if isinstance(found, str):
                failed.append(not_measured(one.priced, found))
            elif found is not None:
                measured.append(found)
    dearest = sorted(measured, key=lambda one: -one.calls * one.before.median_ms)
    return tuple(dearest), tuple(failed)


def _timed(
    one: FittedStatement, old: CopySession, new: CopySession, rounds: int, *, runs_otherwise: bool
) -> MeasuredStatement | str | None:
    """Return the times of a statement; None where it does the same work in both sessions."""
    text, role, values = one.priced.statement.text, one.priced.role, one.fit.values
    with ExitStack() as prepared:
        this, that = (Side(session, prepared.enter_context(session.prepared(text, role))) for session in (old, new))
        is_same = _work(this.session.plan(this.call, values)) == _work(that.session.plan(that.call, values))
        return None if is_same and not runs_otherwise else time_in_turn(one.priced, one.fit, this, that, rounds)


def _runs_otherwise(one: FittedStatement, settings: Mapping[str, str]) -> bool:
    """Tell whether a statement may take another time under the same plan."""
    return bool(one.spilled_blocks) and any(name in _OF_EXECUTION for name in settings)


def _work(explained: Any) -> Any:
    """Return what a plan does, JIT included, without what it is estimated to cost."""
    if isinstance(explained, dict):
        return {key: _work(value) for key, value in explained.items() if key not in _ESTIMATES}
    return [_work(one) for one in explained] if isinstance(explained, list) else explained


def spilling(
    fitted: Iterable[FittedStatement], copy: str, snapshot: Snapshot, settings: Mapping[str, str]
) -> tuple[FittedStatement, ...]:
    """Return the statements that write temporary files under some settings; one that fails then is not known to."""
    with CopySession.open(with_settings(copy, settings), snapshot) as session:
        return tuple(one for one in fitted if or_why_not(_spills, one, session) is True)


def _spills(one: FittedStatement, session: CopySession) -> bool | str:
    with session.prepared(one.priced.statement.text, one.priced.role) as call:
        return session.spilled_blocks(call, one.fit.values) > 0
