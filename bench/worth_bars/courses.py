"""The course of each app: traffic, check, safe fix, and again until nothing is left to do.

Then its traffic is sent to three databases in turn, with the same values: the app as it was, as pgwright fixed it, and
with the indexes that a senior chose before.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache

from pgwright import pipeline
from pgwright.embedded import EmbeddedServer
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import gist
from tests.support.corpus import App, read_apps
from tests.support.database import Database
from tests.support.dependents import apply_fix
from tests.support.traffic import Sent, forget, load, observed, send, send_in_turn
from worth_bars.server import apps_server, database

# One more than the bar, to see whether it would have ended.
MOST_ROUNDS = 3
# A statement is slower by more than this share, and by more than a local round trip varies.
SLOWER, NOISE_MS = 0.10, 0.05
# A suspect is sent anew so often: a machine with other work on it makes any statement slow once.
LAPS_OF_SUSPECTS = 3
# Laps of their own, so that no value is sent twice.
_MEASURED_LAP, _SUSPECTS_LAP = 100, 200


@dataclass(frozen=True)
class Round:
    """Traffic, one check of it, and the safe remedies that answer."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    fix: Fix
    query_ids: Mapping[int, int]
    """Of the app's calls, by their place."""

    @property
    def created(self) -> tuple[str, ...]:
        """The indexes that it makes, as people name them."""
        definitions = [one.change.definition for one in self.fix.remedies if isinstance(one.change, CreateIndex)]
        return tuple(f"{one.table.short} {one.outline}" for one in definitions)

    @property
    def left(self) -> tuple[str, ...]:
        """Keys of what is worth doing, and can be done by a change to the database."""
        return tuple(one.key for one in self.findings if _is_worth_doing(one))


@dataclass(frozen=True)
class Course:
    """What came of one app."""

    app: App
    applied: tuple[Round, ...]
    """The rounds whose remedies were applied."""
    last: Round
    """The one that ended it: nothing was left, or nothing could be applied, or it had been enough."""
    failing: tuple[str, ...]
    """Statements that ran before and fail now, with the error."""
    slower: tuple[str, ...]
    """Statements that became slower, and no finding named them as a risk."""
    was_ms: float
    """Of all calls, as the app was: the median of each, times its calls."""
    fixed_ms: float
    senior_ms: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the first check found."""
        return (*self.applied, self.last)[0].findings


def _is_worth_doing(finding: Finding) -> bool:
    is_index = any(isinstance(change, CreateIndex) for change in finding.changes)
    return finding.severity in ("high", "medium") and bool(finding.changes) and (is_index or finding.worth is not None)


@cache
def courses() -> tuple[Course, ...]:
    """Run the course of each app, once a process: several bars ask for it."""
    found = []
    with apps_server() as server:
        for app in read_apps():
            started = time.monotonic()
            found.append(run_course(server, app))
            print(f"    {app.name}: checked and sent in {time.monotonic() - started:.0f} s", flush=True)
    return tuple(found)


def run_course(server: EmbeddedServer, app: App) -> Course:
    with ExitStack() as stack:
        now = stack.enter_context(database(server, app.name))
        load(now, app)
        copies = [
            stack.enter_context(database(server, f"{app.name}_{what}", copy_of=now))
            for what in ("was", "fixed", "senior")
        ]
        applied, last = _rounds(now, app)
        for one in applied:
            apply_fix(copies[1], one.fix, one.snapshot)
        copies[2].execute("; ".join(index.sql for index in app.judged.index))
        for each in copies:
            forget(each, app)
        was, fixed, senior = send_in_turn(copies, app, _MEASURED_LAP, places=range(len(app.calls)))
        suspects = [place for place in range(len(app.calls)) if is_slower(was, fixed, place)]
        return Course(
            app,
            applied,
            last,
            failing=tuple(_failing(was, fixed, app)),
            slower=tuple(_slower(copies[:2], app, suspects, applied)),
            was_ms=_total(was, app),
            fixed_ms=_total(fixed, app),
            senior_ms=_total(senior, app),
        )


def _rounds(now: Database, app: App) -> tuple[tuple[Round, ...], Round]:
    """Check and fix until nothing is left; return what was applied, and what came last."""
    applied: list[Round] = []
    while True:
        one = _check(now, app, lap=len(applied))
        is_over = bool(applied) and not one.left
        if is_over or not one.fix.remedies or len(applied) == MOST_ROUNDS:
            return tuple(applied), one
        apply_fix(now, one.fix, one.snapshot)
        forget(now, app)
        applied.append(one)


def _check(now: Database, app: App, lap: int) -> Round:
    sent = send(now, app, lap)
    snapshot = observed(now, app)
    findings = pipeline.check(snapshot).findings
    fix = pipeline.fix(snapshot, findings)
    safe = replace(fix, remedies=tuple(one for one in fix.remedies if one.is_safe))
    return Round(snapshot, findings, safe, sent.query_ids)


def _failing(was: Sent, fixed: Sent, app: App) -> Iterator[str]:
    for place in sorted(set(fixed.errors) - set(was.errors)):
        yield f"{app.calls[place].sql}: {fixed.errors[place]}"


def is_slower(was: Sent, fixed: Sent, place: int) -> bool:
    """Tell whether a call takes notably longer, by medians."""
    before, after = was.milliseconds.get(place), fixed.milliseconds.get(place)
    if not before or not after:
        return False
    one, other = statistics.median(before), statistics.median(after)
    return other > one * (1 + SLOWER) and other - one > NOISE_MS


def _slower(
    databases: Sequence[Database], app: App, suspects: Sequence[int], applied: Sequence[Round]
) -> Iterator[str]:
    """Yield the calls that are slower each time that they are sent, and that nothing named."""
    for lap in range(LAPS_OF_SUSPECTS):
        if suspects:
            was, fixed = send_in_turn(databases, app, _SUSPECTS_LAP + lap, places=suspects)
            suspects = [place for place in suspects if is_slower(was, fixed, place)]
    for place in suspects:
        if not any(_is_named(place, one) for one in applied):
            yield app.calls[place].sql


def _is_named(place: int, one: Round) -> bool:
    """Tell whether a finding names the call as one that may become slower."""
    risks = [entry.name for finding in one.findings for entry in finding.evidence if "risk" in entry.name]
    texts = [each.text for each in one.snapshot.statements if each.query_id == one.query_ids.get(place)]
    return any(gist(text) in risk for text in texts for risk in risks)


def _total(sent: Sent, app: App) -> float:
    return sum(statistics.median(taken) * app.calls[place].times for place, taken in sent.milliseconds.items())
