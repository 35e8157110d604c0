"""The index advisor: candidates from the workload, priced on twins, chosen together, each with its reasons.

workload ──▶ candidates ──▶ search (plans of the twin ⇄ choice under them) ──▶ risks left out ──▶ reasons
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgwright.advisor.explanation import describe
from pgwright.advisor.field import Field
from pgwright.advisor.goal import Goal
from pgwright.advisor.layout import lay_out
from pgwright.advisor.pricer import members
from pgwright.advisor.refining import refined
from pgwright.advisor.risks import find_risks, is_grave
from pgwright.advisor.search import Found, Outcome, Search
from pgwright.figures import count, share, size
from pgwright.model.advice import Advice, Ended, Risk
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.twin.priced import Workload, read_workload
from pgwright.twin.servers import choose
from pgwright.twin.twin import Twin, open_twins
from pgwright.workload.reading import share_of_time

_EVERYTHING = Goal()
# More were never tried: the machines that this was measured on have two cores.
_MOST_TWINS = 2
# A statement of this share of the workload is hot: an index that may make it slower is left out.
_HOT = 0.01
_MOST_CORRECTIONS = 2
# Of the time, kept for choosing again without what is risky; and the least for each time.
_SHARE_TO_CORRECT, _SECONDS_TO_CORRECT = 0.2, 1.0
# Of the time, the most for reading the workload, and the least for the search: what was prepared is not thrown away.
_SHARE_TO_READ, _SHARE_TO_SEARCH = 0.5, 0.2


def advise(
    snapshot: Snapshot,
    goal: Goal = _EVERYTHING,
    *,
    twins: Sequence[Twin] | None = None,
    server: Path | None = None,
    progress: Progress = silent,
) -> Advice:
    """Choose indexes for the workload of a snapshot.

    Ctrl-C ends the search and gives the best choice so far; before there is one it is a KeyboardInterrupt.

    Args:
        snapshot: with its schema and statements.
        goal: how much room there is, which kinds of index, how statements count, how long the search may take.
        twins: built twins of it; None: they are built for the time of the call.
        server: the folder of a PostgreSQL to build them on; None: one of production's major version, if one is found.
        progress: told what is being done and the best choice so far.
    Raises: TwinError, EmbeddedServerError.
    """
    if twins is not None:
        return _advise(snapshot, goal, twins, progress)
    with open_twins(snapshot, min(_MOST_TWINS, os.cpu_count() or 1), choice=choose(snapshot, server)) as built:
        return _advise(snapshot, goal, built, progress)


def _advise(snapshot: Snapshot, goal: Goal, twins: Sequence[Twin], progress: Progress) -> Advice:
    started = time.monotonic()
    for twin in twins:
        twin.clear()
    plans_before = sum(twin.plans_made for twin in twins)
    progress("reading the workload")
    workload = read_workload(snapshot, twins[0], deadline=started + _SHARE_TO_READ * goal.deadline_seconds)
    progress("making candidate indexes")
    field = lay_out(snapshot, goal, twins, workload)
    latest = time.monotonic() + _SHARE_TO_SEARCH * goal.deadline_seconds
    decision = _decide(field, max(started + goal.deadline_seconds, latest), progress)
    progress("writing the reasons")
    outcome = decision.outcome
    ended = _ended(outcome.ended, workload)
    advice = describe(field, outcome.found.chosen, decision.risks)
    return replace(
        advice,
        plans=sum(twin.plans_made for twin in twins) - plans_before,
        seconds=time.monotonic() - started,
        unsearched_share=field.share_of_time(outcome.unsearched) + share_of_time(workload.late, snapshot),
        first_answer_seconds=0.0 if ended == "unanswered" else outcome.first_answer_at - started,
        ended=ended,
    )


def _ended(ended: Ended, workload: Workload) -> Ended:
    """Return why the whole advice ended, where a search that had time may have had but a part of the workload."""
    if ended == "interrupted":
        return ended
    if not workload.statements:
        return "unanswered" if workload.late else "complete"
    return "deadline" if ended == "complete" and workload.late else ended


@dataclass(frozen=True)
class _Decision:
    outcome: Outcome
    risks: tuple[Risk, ...]


def _decide(field: Field, deadline: float, progress: Progress) -> _Decision:
    """Search; leave out what puts a hot statement at risk, and search again without it."""

    def report(found: Found) -> None:
        progress(_standing(field, found))

    forbidden, left_out = 0, dict[int, Risk]()
    kept = 0.0 if field.goal.takes_risks else _SHARE_TO_CORRECT * (deadline - time.monotonic())
    first_deadline = deadline - max(kept, 0.0)
    outcome = Search(field.pricer, field.terms, deadline=first_deadline, existing=field.existing, report=report).run()
    first = outcome.first_answer_at
    for correction in range(_MOST_CORRECTIONS + 1):
        until = max(deadline, time.monotonic() + _SECONDS_TO_CORRECT)
        outcome = replace(outcome, found=refined(field, outcome.found, forbidden, until), first_answer_at=first)
        risks = find_risks(field, outcome.found.chosen)
        culprits = 0 if field.goal.takes_risks else _culprits(field, outcome.found.chosen, risks, left_out)
        if not culprits or outcome.ended == "interrupted" or correction == _MOST_CORRECTIONS:
            break
        forbidden |= culprits
        search = Search(
            field.pricer,
            field.terms,
            deadline=max(deadline, time.monotonic() + _SECONDS_TO_CORRECT),
            existing=field.existing,
            forbidden=forbidden,
            report=report,
        )
        try:
            outcome = search.run()
        except KeyboardInterrupt:  # before it had an answer: what was found, less what is risky
            chosen = field.terms.with_stand_ins(outcome.found.chosen & ~culprits)
            outcome = replace(outcome, found=replace(outcome.found, chosen=chosen), ended="interrupted")
    risks = {position: replace(risk, is_left_out=True) for position, risk in left_out.items()} | risks
    return _Decision(outcome, tuple(sorted(risks.values(), key=lambda risk: -risk.share)))


def _culprits(field: Field, chosen: int, risks: dict[int, Risk], left_out: dict[int, Risk]) -> int:
    """Return the indexes that save less than the hot statements weigh which they put at risk."""
    found, losses = 0, field.losses(chosen)
    for position, risk in risks.items():
        if risk.share < _HOT or not is_grave(risk):
            continue
        for one in members(field.used(position, chosen) & ~field.existing):
            if losses[one].cost < risk.share * field.base:
                found |= 1 << one
                left_out[position] = risk
    return found


def _standing(field: Field, found: Found) -> str:
    new = found.chosen & ~field.existing
    saved = 1 - (found.cost - field.terms.price(found.chosen)) / field.base if field.base else 0.0
    taken = sum(field.candidates[one].size.size_bytes for one in members(new))
    return f"saves {share(saved)} with {count(new.bit_count(), 'index')}, {size(taken)}"
