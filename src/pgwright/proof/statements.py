"""The statements of the workload on both copies: time, buffers, and the same rows; whatever they write is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import ParamSpec, TypeVar

import psycopg

from pgwright.errors import UnparsableStatement
from pgwright.figures import count
from pgwright.logs import NOTHING, Log, Logged, Ways
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.model.proof import LostRows, MeasuredStatement
from pgwright.model.snapshot import Snapshot
from pgwright.proof.candidates import ValueCandidates
from pgwright.proof.comparing import Side, compare
from pgwright.proof.fitting import Fit, Unknown, fit, observed_effort
from pgwright.proof.session import CopySession
from pgwright.proof.timing import BUDGET_SECONDS, ROUNDS, Rounds
from pgwright.sqltext import gist
from pgwright.twin.planned import PricedStatement

# Together these are nearly all of a workload's time; each costs some seconds at worst.
MOST_STATEMENTS = 40
_BUDGET_SECONDS = BUDGET_SECONDS / 3
# Their price is measured by table: rows that can be inserted are not to be had from statistics.
_PRICED_BY_TABLE = ("insert", "merge")
# Each run leaves as many dead rows behind, on which later ones stumble.
_MOST_WRITTEN = 2_000

P = ParamSpec("P")
T = TypeVar("T")
Found = tuple[tuple[MeasuredStatement, ...], tuple[NotExamined, ...]]


def measure_statements(
    before: str,
    after: str,
    snapshot: Snapshot,
    statements: Sequence[PricedStatement],
    *,
    lost: Sequence[LostRows] = (),
    log: Log | None = None,
    rounds: int = ROUNDS,
    progress: Progress,
) -> Found:
    """Time statements on both copies in turn, with values that do what production does, and compare what they give.

    Args:
        before: DSN of the copy as the source is; `after`: DSN of the copy with the fix.
        snapshot: of the source.
        statements: its workload as it was planned.
        lost: tables whose rows the copies lack: a statement on one of them is not measured.
        log: the server's, where values and plans of real calls are.
    """
    chosen, unexamined = choose_statements(statements, lost)
    missing = list(unexamined)
    measured: list[MeasuredStatement] = []
    with CopySession.open(before, snapshot) as old, CopySession.open(after, snapshot) as new:
        for number, one in enumerate(chosen):
            progress("statements", number, len(chosen))
            logged = NOTHING if log is None else log.of(one.statement.query_id)
            found = or_why_not(_measure, one, logged, snapshot, old, new, rounds)
            if isinstance(found, str):
                missing.append(not_measured(one, found))
            else:
                measured.append(found)
    time_of = {one.statement.query_id: one.statement.total_ms for one in chosen}
    return tuple(sorted(measured, key=lambda one: -time_of[one.query_id])), tuple(missing)


def choose_statements(
    statements: Sequence[PricedStatement], lost: Sequence[LostRows]
) -> tuple[tuple[PricedStatement, ...], tuple[NotExamined, ...]]:
    """Return the statements to measure, those that write last, and why others are not measured.

    Args:
        lost: tables whose rows the copies lack: a statement on one of them is not measured.
    """
    wanted = sorted(
        (one for one in statements if one.shape.kind not in _PRICED_BY_TABLE), key=lambda one: -one.statement.total_ms
    )
    chosen, missing = [], list(_rest(wanted[MOST_STATEMENTS:]))
    lacking = {one.table: one for one in lost}
    for one in wanted[:MOST_STATEMENTS]:
        if reason := _why_not(one, lacking):
            missing.append(not_measured(one, reason))
        else:
            chosen.append(one)
    chosen.sort(key=lambda one: one.shape.kind != "select")  # what is written leaves dead rows behind
    return tuple(chosen), tuple(missing)


def not_measured(one: PricedStatement, reason: str) -> NotExamined:
    return NotExamined(f"statement {gist(one.statement.text, 70)}", reason)


def _rest(statements: Sequence[PricedStatement]) -> Sequence[NotExamined]:
    if not statements:
        return ()
    reason = f"only the {MOST_STATEMENTS} that took most time are measured"
    return (NotExamined(count(len(statements), "cheaper statement"), reason),)


def _why_not(one: PricedStatement, lacking: Mapping[QualifiedName, LostRows]) -> str:
    gone = next((lacking[table] for table in sorted(one.tables) if table in lacking), None)
    if gone is None:
        return ""
    return f"not proved, rows lost: the copies hold {gone.rows_here:,} of {gone.rows:,} rows of {gone.table.short}"


def or_why_not(measure: Callable[P, T | str], *args: P.args, **kwargs: P.kwargs) -> T | str:
    """Return what is measured of a statement, or why it cannot be measured."""
    try:
        return measure(*args, **kwargs)
    except Unknown as error:
        return str(error)
    except UnparsableStatement as error:
        return error.reason
    except psycopg.Error as error:
        return error.diag.message_primary or type(error).__name__


def _measure(
    one: PricedStatement, logged: Logged, snapshot: Snapshot, old: CopySession, new: CopySession, wanted: int
) -> MeasuredStatement | str:
    with ExitStack() as prepared:
        this, that = (
            Side(session, prepared.enter_context(session.prepared(one.statement.text, one.role)))
            for session in (old, new)
        )
        found = find_values(one, this, snapshot, logged)
        if isinstance(found, str):
            return found
        ways = [side.session.ways(side.call, found.values) for side in (this, that)]
        measured = time_in_turn(one, found, this, that, wanted, is_same_plan=ways[0] == ways[1])
        return replace(measured, planned_otherwise=_otherwise(logged, ways[0]) if logged.plans else ())


def find_values(one: PricedStatement, side: Side, snapshot: Snapshot, logged: Logged = NOTHING) -> Fit | str:
    """Return values with which a call does what production does, or why it cannot be measured.

    Raises: Unknown, UnparsableStatement, psycopg.Error.
    """
    observed = observed_effort(one.statement)
    candidates = ValueCandidates(one, side.call.types, observed, side.session, snapshot, logged.calls)
    found = fit(candidates, side.call, side.session)
    if one.shape.kind != "select" and found.here.rows > _MOST_WRITTEN:
        return f"one call writes {found.here.rows:,.0f} rows, and each run would leave as many dead ones behind"
    return found


def time_in_turn(
    one: PricedStatement, found: Fit, this: Side, that: Side, wanted: int, *, is_same_plan: bool = False
) -> MeasuredStatement:
    """Compare what a statement gives on both sides, and time it there in turn.

    Args:
        is_same_plan: what differs is the work that blocks tell of; a setting may change more.
    Raises: psycopg.Error.
    """
    statement, values = one.statement, found.values
    that.session.effort(that.call, values)  # the first time, blocks of catalogs are among them
    compared = compare(one, values, this, that)
    buffers = tuple(round(side.session.effort(side.call, values).blocks) for side in (this, that))
    rounds = Rounds(wanted, _BUDGET_SECONDS, (buffers[0], buffers[1]), is_same_plan=is_same_plan)
    for is_before in rounds.turns():
        side = this if is_before else that
        rounds.add(side.session.time(side.call, values), is_before=is_before)
    return MeasuredStatement(
        statement.query_id,
        statement.text,
        statement.calls,
        *rounds.timings,
        compared.is_equal,
        rounds.verdict(results_equal=compared.is_equal),
        observed_effort(statement),
        found.here,
        compared.not_compared,
        found.origin,
    )


def _otherwise(logged: Logged, here: Ways) -> tuple[str, ...]:
    """Return what the plans of the log read otherwise; nothing where one of them reads likewise."""
    differences = [one.differences(here) for one in logged.plans]
    return min(differences, key=len)
