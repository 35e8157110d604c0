"""The search: the best choice under the plans known, asked of the twin; then more plans around it, again and again.

An answer is there after one EXPLAIN a query with all candidates, and gets better until nothing is found or time is up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pgwright.advisor.pricer import Pricer, members
from pgwright.advisor.selection import Choice, Terms, select
from pgwright.model.advice import Ended

# Plans that save less than this share of the workload are not looked for, at first and in the end.
_COARSE, _FINE = 1e-4, 1e-6
_FINER = 0.2
# Rounds of looking elsewhere that may bring nothing before the search ends.
_PATIENCE = 8
# Share of the time that is left for finding plans from scratch.
_SURVEY_SHARE = 0.2
_SOLVER_SECONDS = 5.0
# Share of the budget beyond which a candidate is not even looked at.
_LARGEST = 1.0

Report = Callable[["Found"], None]


@dataclass(frozen=True)
class Found:
    """A choice with its cost, which the twin has confirmed; the first one's is at first only known to be no more."""

    chosen: int
    cost: float
    """Weighted planned cost, prices included."""
    bound: float
    """No choice costs less under the plans known."""


@dataclass(frozen=True)
class Outcome:
    found: Found
    first_answer_at: float
    """A moment of `time.monotonic`."""
    ended: Ended
    unsearched: frozenset[int] = frozenset()
    """The queries for which no index was tried before the deadline."""


class Search:
    """Looks for the best choice; `best` holds what was found so far."""

    def __init__(
        self,
        pricer: Pricer,
        terms: Terms,
        *,
        deadline: float,
        existing: int = 0,
        forbidden: int = 0,
        report: Report = lambda found: None,
    ) -> None:
        self._pricer = pricer
        self._terms = terms
        self._deadline = deadline
        self._existing = existing
        self._report = report
        self._every = range(len(pricer.queries))
        self._forbidden = forbidden
        self._allowed = existing
        for number, size in enumerate(terms.sizes):
            if size <= terms.budget * _LARGEST and not forbidden >> number & 1:
                self._allowed |= 1 << number
        self._portions = [pricer.portions(query, self._allowed, existing) for query in self._every]
        self._chance = random.Random(0)  # the same answer every time
        self._first_answer_at = 0.0
        self.best: Found | None = None

    def run(self) -> Outcome:
        """Search until nothing better is found, the deadline, or Ctrl-C.

        Raises: KeyboardInterrupt: before there was any answer.
        """
        ended: Ended
        try:
            self._pricer.ask((query, self._existing) for query in self._every)
            base = sum(self._weighted(query, self._existing) for query in self._every)
            firsts = [portions[0] for portions in self._portions]
            self._pricer.ask(enumerate(firsts), deadline=self._deadline)
            first = self._selected()
            self._keep(first, self._at_most(first.chosen))
            self._first_answer_at = time.monotonic()
            # Also after the deadline: that takes one plan more for each query that was reached, and loses none of them.
            self._confirm(first, deadline=float("inf"))
            ended = self._improve(base)
        except KeyboardInterrupt:
            if self.best is None:
                raise
            ended = "interrupted"
        assert self.best is not None
        unsearched = frozenset(query for query in self._every if self._pricer.find(query, firsts[query]) is None)
        helped = {query for query in self._every if self._pricer.relevant[query] & self._allowed & ~self._existing}
        if ended == "deadline" and unsearched and unsearched >= helped:
            ended = "unanswered"
        return Outcome(self.best, self._first_answer_at or time.monotonic(), ended, unsearched)

    def _improve(self, base: float) -> Ended:
        """Explore near the best choice, then further away; when that is in vain, ever finer, and away again."""
        least, in_vain = _COARSE * base, 0
        self._survey(least)
        while time.monotonic() < self._deadline:
            news, best = self._pricer.news, self.best
            self._explore(best.chosen if best else self._existing, least)
            self._confirm(self._selected())
            if self.best is not best:
                in_vain = 0
            elif self._pricer.news == news:
                if in_vain and least > _FINE * base:
                    least *= _FINER
                elif in_vain < _PATIENCE:
                    in_vain += 1
                    self._venture(_COARSE * base)
                else:
                    return "complete"
        return "deadline"

    def _selected(self, without: int = 0) -> Choice:
        seconds = min(_SOLVER_SECONDS, max(self._deadline - time.monotonic(), 0.1))
        start = (self.best.chosen if self.best else self._existing) & ~without
        forbidden = self._forbidden | without
        return select(self._pricer, self._terms, start=start, forbidden=forbidden, seconds=seconds)

    def _confirm(self, choice: Choice, *, deadline: float | None = None) -> None:
        """Ask what the choice really costs, and keep it when that is the least so far."""
        until = self._deadline if deadline is None else deadline
        if not self._pricer.ask(((query, choice.chosen) for query in self._every), deadline=until):
            return
        cost = sum(self._weighted(query, choice.chosen) for query in self._every) + self._terms.price(choice.chosen)
        if self.best is None or cost < self.best.cost:
            self._keep(choice, cost)

    def _keep(self, choice: Choice, cost: float) -> None:
        self.best = Found(choice.chosen, cost, choice.bound)
        self._report(self.best)

    def _at_most(self, chosen: int) -> float:
        """Return what a choice costs by the plans known, without asking: the planner may find a cheaper one."""
        known = (one.weight * self._pricer.estimate(query, chosen) for query, one in enumerate(self._pricer.queries))
        return sum(known) + self._terms.price(chosen)

    def _weighted(self, query: int, chosen: int) -> float:
        atom = self._pricer.find(query, chosen)
        return self._pricer.queries[query].weight * (atom.cost if atom else float("inf"))

    def _explore(self, chosen: int, least: float) -> None:
        """Find plans near a choice: without each index that is used, and with those that it lacks.

        The planner names its favourites among all that are lacking; they are taken away, and it names the next ones,
        until what it could still save is less than `least`. Of the first favourites, each is also taken away alone:
        where they help only together, something of the choice may do the work of one beside the others.
        """
        self._pricer.ask(self._without_each(chosen), deadline=self._deadline)
        portions = ((query, self._pricer.portions(query, chosen | self._allowed, chosen)) for query in self._every)
        offered = {(query, place): portion for query, found in portions for place, portion in enumerate(found)}
        is_first = True
        while offered and time.monotonic() < self._deadline:
            questions = []
            for part in list(offered):
                query, _ = part
                while (atom := self._pricer.find(query, offered[part])) is not None:
                    favourites = atom.used & ~chosen
                    saved = self._pricer.estimate(query, chosen) - atom.cost
                    if not favourites or saved * self._pricer.queries[query].weight < least:
                        del offered[part]
                        break
                    offered[part] &= ~favourites
                    if is_first:
                        near = chosen & self._pricer.relevant[query]
                        questions += [(query, near | favourites & ~(1 << one)) for one in members(favourites)]
                else:
                    questions.append((query, offered[part]))
            is_first = False
            self._pricer.ask(questions, deadline=self._deadline)

    def _survey(self, least: float) -> None:
        """Find plans from scratch: the planner's favourites, each alone and all but each; then the next ones."""
        offered = {
            (query, place): portion
            for query, portions in enumerate(self._portions)
            for place, portion in enumerate(portions)
        }
        until = time.monotonic() + _SURVEY_SHARE * (self._deadline - time.monotonic())
        while time.monotonic() < until:
            questions: list[tuple[int, int]] = []
            for part in list(offered):
                query, _ = part
                atom = self._pricer.find(query, offered[part])
                if atom is None:
                    questions.append((query, offered[part]))
                    continue
                favourites = atom.used & ~self._existing
                saved = self._weighted(query, self._existing) - atom.cost * self._pricer.queries[query].weight
                if not favourites or saved < least:
                    del offered[part]
                    continue
                questions += [(query, self._existing | 1 << one) for one in members(favourites)]
                questions += [(query, atom.used & ~(1 << one)) for one in members(favourites)]
                offered[part] &= ~favourites
                questions.append((query, offered[part]))
            if not offered or not self._pricer.ask(questions, deadline=self._deadline):
                return

    def _venture(self, least: float) -> None:
        """Find plans elsewhere: near a choice that does without half of the best one, and in random halves of all.

        Where indexes help only together, the way to a better choice may lead through no single exchange.
        """
        assert self.best is not None
        taken = self.best.chosen & ~self._existing & self._chance.getrandbits(self._allowed.bit_length())
        self._explore(self._selected(taken).chosen, least)
        questions: list[tuple[int, int]] = []
        for query in self._every:
            none, weight = self._weighted(query, self._existing), self._pricer.queries[query].weight
            worthwhile = [atom for atom in self._pricer.atoms(query) if none - atom.cost * weight >= least]
            for atom in worthwhile:
                questions += [(query, atom.used & ~(1 << one)) for one in members(atom.used & ~self._existing)]
            if worthwhile:
                half = self._chance.getrandbits(self._allowed.bit_length())
                portions = self._pricer.portions(query, self._existing | self._allowed & half, self._existing)
                questions.append((query, self._chance.choice(portions) if len(portions) > 1 else portions[0]))
        self._pricer.ask(questions, deadline=self._deadline)

    def _without_each(self, chosen: int) -> list[tuple[int, int]]:
        questions = []
        for query in self._every:
            atom = self._pricer.find(query, chosen)
            for number in members(atom.used if atom else 0):
                questions.append((query, chosen & ~(1 << number)))
        return questions
