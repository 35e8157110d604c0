"""The values that a statement is measured with: those whose rows and blocks a call are nearest to the observed ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import psycopg

from pgwright.model.proof import Effort, Origin
from pgwright.model.statement import Statement
from pgwright.proof.candidates import ValueCandidates
from pgwright.proof.session import TIMEOUT_MS, CopySession, PreparedCall

# Nearer than this nothing is looked for.
_NEAR = 1.5
# What a statement may cost: the search as a whole, and one set of values of it.
_SECONDS, _TRIAL_MS = 4.0, 5_000
_PASSES = 2


@dataclass(frozen=True)
class Fit:
    values: tuple[str | None, ...]
    here: Effort
    """Of a call with them."""
    origin: Origin = "statistics and rows"


class Unknown(Exception):
    """A parameter of which nobody knows any value."""

    def __init__(self, number: int) -> None:
        super().__init__(f"nobody knows what ${number} was: no statistics tell of what it is compared with")


def observed_effort(statement: Statement) -> Effort:
    """Return what a call does in production, on average."""
    calls = max(statement.calls, 1)
    return Effort(statement.rows / calls, (statement.blocks_hit + statement.blocks_read) / calls)


def fit(candidates: ValueCandidates, call: PreparedCall, session: CopySession) -> Fit:
    """Return the values that come nearest, and what a call with them does.

    Those of a call in the server's log are kept, the call that comes nearest; unless its rows are gone since. Else the
    sets of values that the statistics suggest are tried first; then one group of parameters after the other is
    changed, and what comes nearer is kept, until rows and blocks are within a factor of 1.5, or time is up.

    Raises: Unknown: a parameter has no value. psycopg.Error: no set of values runs.
    """
    real = _Search(candidates, call, session)
    for logged in candidates.logged():
        if not real.is_over():
            real.attempt(logged, "log")
    if real.best is not None and not real.best.here.lacks_rows_of(candidates.observed):
        return real.best
    search = _Search(candidates, call, session, real.best)
    for values in candidates.first():
        if not search.is_over():
            search.attempt(values)
    session.limit(_TRIAL_MS)
    try:
        search.improve()
    finally:
        session.limit(TIMEOUT_MS)
    if search.best is not None:
        return search.best
    raise search.error or Unknown(1)


class _Search:
    def __init__(
        self, candidates: ValueCandidates, call: PreparedCall, session: CopySession, best: Fit | None = None
    ) -> None:
        self._candidates, self._call, self._session = candidates, call, session
        self._deadline = time.monotonic() + _SECONDS
        self._tried: set[tuple[str | None, ...]] = set()
        self._first: tuple[str | None, ...] = ()
        self.best = best
        self.error: psycopg.Error | Unknown | None = None

    def attempt(self, values: Sequence[str | None], origin: Origin = "statistics and rows") -> None:
        """Run the statement with these values; keep them if they come nearer. None of a call in the log is NULL."""
        wanted = tuple(values)
        if wanted in self._tried:
            return
        self._tried.add(wanted)
        self._first = self._first or wanted
        if None in wanted and origin != "log":
            self.error = Unknown(wanted.index(None) + 1)
            return
        try:
            found = Fit(wanted, self._session.effort(self._call, wanted), origin)
        except psycopg.Error as error:
            self.error = error
            return
        if self.best is None or self._distance(found) < self._distance(self.best):
            self.best = found

    def improve(self) -> None:
        for _ in range(_PASSES):
            before = self.best
            for moves in self._candidates.moves():
                for move in moves:
                    if self.is_over():
                        return
                    start = self.best.values if self.best is not None else self._first
                    self.attempt([move.get(number, value) for number, value in enumerate(start, start=1)])
            if self.best == before:
                return

    def _distance(self, one: Fit) -> tuple[float, float]:
        factors = self._candidates.observed.factors(one.here)
        return max(factors), prod(factors)

    def is_over(self) -> bool:
        is_near = self.best is not None and self._distance(self.best)[0] <= _NEAR
        return is_near or time.monotonic() > self._deadline
