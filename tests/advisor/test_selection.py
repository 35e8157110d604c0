"""The choice under known plans: always the one that trying every subset gives, and never one that breaks a limit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from pgwright.advisor.pricer import Atom, members
from pgwright.advisor.selection import Choice, Terms, select

PAGE = 8192
INDEXES = 8
OLD = 0b11
"""Candidates 0 and 1 are indexes of production."""


@dataclass(frozen=True)
class Weighted:
    weight: float


@dataclass(frozen=True)
class Plans:
    """What `select` reads of a pricer: the queries and the plans found."""

    queries: Sequence[Weighted]
    found: Sequence[Sequence[Atom]]

    def atoms(self, query: int) -> Sequence[Atom]:
        return self.found[query]


def chosen_of(plans: Plans, terms: Terms, start: int = 0, forbidden: int = 0, seconds: float = 10.0) -> Choice:
    return select(plans, terms, start=start, forbidden=forbidden, seconds=seconds)  # type: ignore[arg-type]


def value(plans: Plans, terms: Terms, chosen: int) -> float:
    """Return the objective of one set, as the module's docstring states it."""
    cheapest = [min(atom.cost for atom in atoms if not atom.used & ~chosen) for atoms in plans.found]
    return sum(query.weight * cost for query, cost in zip(plans.queries, cheapest, strict=True)) + terms.price(chosen)


def is_allowed(terms: Terms, forbidden: int, chosen: int) -> bool:
    stays = all(chosen >> old & 1 or chosen & others for old, others in terms.stand_ins.items())
    return stays and not chosen & forbidden and terms.size(chosen) <= terms.budget


def instance(seed: int) -> tuple[Plans, Terms, int]:
    chance = random.Random(seed)
    found = []
    for _ in range(chance.randint(1, 6)):
        worst = chance.uniform(500, 1_000)
        some = [Atom(sum(1 << chance.randrange(INDEXES) for _ in range(3)) % 2**INDEXES, chance.uniform(1, worst))
                for _ in range(chance.randint(0, 12))]  # fmt: skip
        found.append([Atom(0, worst), *some])
    plans = Plans([Weighted(chance.uniform(0.1, 50)) for _ in found], found)
    terms = Terms(
        sizes=[0, 0, *(chance.randint(1, 40) * PAGE for _ in range(INDEXES - 2))],
        prices=[chance.uniform(0, 900) for _ in range(INDEXES)],
        budget=float("inf") if seed % 3 == 0 else float(chance.randint(0, 80) * PAGE),
        stand_ins={0: chance.getrandbits(INDEXES) & ~1, 1: chance.getrandbits(INDEXES) & ~2} if seed % 2 else {},
    )
    return plans, terms, chance.getrandbits(INDEXES) & ~OLD if seed % 5 == 0 else 0


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_the_choice_is_the_best_of_all_subsets(first: int) -> None:
    for seed in range(first, first + 20):
        plans, terms, forbidden = instance(seed)
        best = min(value(plans, terms, chosen) for chosen in range(2**INDEXES) if is_allowed(terms, forbidden, chosen))
        choice = chosen_of(plans, terms, start=OLD, forbidden=forbidden)
        assert is_allowed(terms, forbidden, choice.chosen), seed
        assert choice.cost == pytest.approx(value(plans, terms, choice.chosen)), seed
        assert choice.cost == pytest.approx(best, rel=2e-4), seed
        assert choice.bound <= choice.cost * (1 + 1e-6), seed


def test_an_index_of_production_leaves_only_where_another_one_does_its_work() -> None:
    """Index 0 costs 5 and no plan uses it; 2 could stand in for it, at a price of its own."""
    plans = Plans([Weighted(1.0)], [[Atom(0, 10.0), Atom(0b100, 6.0)]])
    for price_of_2, expected in ((0.5, 0b100), (9.5, 0b001)):
        terms = Terms([0, 0, PAGE], [5.0, 0.0, price_of_2], float("inf"), {0: 0b100})
        assert chosen_of(plans, terms, start=0b001).chosen == expected
        assert chosen_of(plans, terms, start=0b001, forbidden=0b100).chosen == 0b001
    alone = Terms([0], [5.0], float("inf"), {0: 0})
    assert chosen_of(Plans([], []), alone, start=1).chosen == 1
    covered = Terms([0], [5.0], float("inf"), {})
    assert chosen_of(Plans([], []), covered, start=1).chosen == 0


def test_of_two_duplicates_one_stays() -> None:
    plans = Plans([Weighted(1.0)], [[Atom(0, 10.0), Atom(0b01, 1.0), Atom(0b10, 1.0)]])
    choice = chosen_of(plans, Terms([0, 0], [0.1, 0.1], float("inf"), {0: 0b10, 1: 0b01}), start=0b11)
    assert choice.chosen in (0b01, 0b10)


def test_without_any_weight_nothing_is_chosen() -> None:
    """All calls are 0: no division by a cost of nothing, and no index for nothing."""
    plans = Plans([Weighted(0.0)], [[Atom(0, 10.0), Atom(0b1, 1.0)]])
    choice = chosen_of(plans, Terms([PAGE], [1e-7], float("inf")))
    assert (choice.chosen, choice.cost) == (0, 0.0)


def test_a_solution_that_only_the_tolerance_of_the_solver_allows_is_refused() -> None:
    """HiGHS takes what is half a byte too large for the budget; then the choice to begin with stays."""
    half = 500_000
    plans = Plans([Weighted(1.0)] * 2, [[Atom(0, 10.0), Atom(0b01, 1.0)], [Atom(0, 10.0), Atom(0b10, 1.0)]])
    terms = Terms([half, half], [0.1, 0.1], 2 * half - 0.5)
    assert is_allowed(terms, 0, chosen_of(plans, terms).chosen)
    enough = Terms([half, half], [0.1, 0.1], 2.0 * half)
    assert chosen_of(plans, enough).chosen == 0b11


def test_without_time_the_choice_is_still_allowed() -> None:
    chance = random.Random(1)
    found = [
        [Atom(0, 1_000.0), *(Atom(chance.getrandbits(60) & chance.getrandbits(60), chance.random()) for _ in range(99))]
        for _ in range(50)
    ]
    plans = Plans([Weighted(1.0)] * len(found), found)
    terms = Terms([0, *[PAGE] * 59], [1.0] * 60, 20.0 * PAGE, {0: 0})
    choice = chosen_of(plans, terms, start=1, seconds=0.0)
    assert is_allowed(terms, 0, choice.chosen)
    assert sum(1 for _ in members(choice.chosen)) <= 21
    assert choice.bound <= choice.cost
