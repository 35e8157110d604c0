"""The search: it finds what trying every set finds, and has an answer whenever it is ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence, Set
from itertools import count

import pytest

from pgwright.advisor.pricer import Pricer, Query, members
from pgwright.advisor.search import Found, Search
from pgwright.advisor.selection import Terms
from pgwright.embedded import EmbeddedServer
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import Twin, open_twin
from tests.support.database import Database

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, filler text);
CREATE TABLE u (id int PRIMARY KEY, t_id int, d int);
INSERT INTO t SELECT i, i % 800, i % 900, i % 40, repeat('x', 90) FROM generate_series(1, 20000) i;
INSERT INTO u SELECT i, 1 + i * 7919 % 20000, i % 1000 FROM generate_series(1, 30000) i;
VACUUM ANALYZE;
"""
T, U = QualifiedName("public", "t"), QualifiedName("public", "u")
COLUMNS = [(T, ("a",)), (T, ("b",)), (T, ("a", "b")), (T, ("c", "a")), (U, ("t_id",)), (U, ("d",)), (U, ("d", "t_id"))]
# The join gains by two indexes together: each alone does little.
STATEMENTS = {
    "SELECT * FROM t WHERE a = 7": 30.0,
    "SELECT * FROM t WHERE a = 7 AND b = 9": 20.0,
    "SELECT * FROM t WHERE b = 9 ORDER BY a": 10.0,
    "SELECT count(*) FROM t WHERE c = 3 AND a < 40": 5.0,
    "SELECT * FROM u JOIN t ON t.id = u.t_id WHERE t.a = 7 AND t.c = 7": 8.0,
    "SELECT t_id FROM u WHERE d = 12": 15.0,
}
ALL = 2 ** len(COLUMNS) - 1
UNLIMITED = Terms([0] * len(COLUMNS), [1.0] * len(COLUMNS), float("inf"))


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("search", template="template1")
    database = Database(server, "search")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("search")


@pytest.fixture(scope="module")
def twin(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(snapshot, twin_server) as built:
        yield built


@pytest.fixture
def pricer(twin: Twin, request: pytest.FixtureRequest) -> Pricer:
    """A pricer; its parameter is how many candidates of a table can be on at once, as before PostgreSQL 18."""
    twin.clear()
    twin.most_on = getattr(request, "param", None)
    candidates = twin.add(IndexDefinition("ix", table, tuple(map(IndexKey, columns))) for table, columns in COLUMNS)
    asked = [
        Query(n, text, None, 1.0, weight, frozenset({T, U} if "JOIN" in text else {T} if "FROM t" in text else {U}))
        for n, (text, weight) in enumerate(STATEMENTS.items())
    ]
    return Pricer([twin], asked, candidates)


def cost(twin: Twin, terms: Terms, chosen: int) -> float:
    on = frozenset(members(chosen))
    return sum(weight * twin.price(text, None, on)[0] for text, weight in STATEMENTS.items()) + terms.price(chosen)


def later(seconds: float = 20.0) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize("pricer", [None, 2], indirect=True)
def test_the_result_is_the_best_of_all_subsets(pricer: Pricer, twin: Twin) -> None:
    sizes = [one.size.size_bytes for one in twin.candidates.made]
    costs = {chosen: cost(twin, UNLIMITED, chosen) for chosen in range(ALL + 1)}
    for share in (1.0, 0.6, 0.35, 0.2):
        budget = share * sum(sizes)
        terms = Terms(sizes, UNLIMITED.prices, budget)
        outcome = Search(pricer, terms, deadline=later()).run()
        best = min(total for chosen, total in costs.items() if terms.fits(chosen))
        assert terms.fits(outcome.found.chosen)
        assert outcome.ended == "complete"
        assert outcome.found.cost == pytest.approx(costs[outcome.found.chosen])
        assert outcome.found.cost == pytest.approx(best, rel=2e-4)


def test_what_is_forbidden_or_larger_than_the_budget_is_not_chosen(pricer: Pricer) -> None:
    whole = Search(pricer, UNLIMITED, deadline=later()).run().found.chosen
    assert whole
    assert not Search(pricer, UNLIMITED, deadline=later(), forbidden=whole).run().found.chosen & whole
    nothing = Terms([8192] * len(COLUMNS), [1.0] * len(COLUMNS), 8191.0)
    assert Search(pricer, nothing, deadline=later()).run().found.chosen == 0


def test_what_is_reported_gets_better_and_ends_with_the_result(pricer: Pricer) -> None:
    told: list[Found] = []
    outcome = Search(pricer, UNLIMITED, deadline=later(), report=told.append).run()
    assert [one.cost for one in told] == sorted((one.cost for one in told), reverse=True)
    assert told[-1] == outcome.found


def test_control_c_gives_the_best_so_far(pricer: Pricer, twin: Twin) -> None:
    """It comes with the first answer, which is there before the search can say when."""
    told: list[Found] = []

    def interrupt(found: Found) -> None:
        told.append(found)
        raise KeyboardInterrupt

    outcome = Search(pricer, UNLIMITED, deadline=later(), report=interrupt).run()
    assert (outcome.ended, [outcome.found]) == ("interrupted", told)
    assert outcome.first_answer_at <= time.monotonic()
    assert outcome.found.cost == pytest.approx(cost(twin, UNLIMITED, outcome.found.chosen))


def interrupt_at(twin: Twin, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ctrl-C come while the twin is at a question."""
    asked, price = count(1), twin.price

    def interrupted(
        text: str,
        values: Sequence[str | None] | None,
        on: Set[int],
        *,
        among: Set[int] | None = None,
        role: str | None = None,
    ) -> tuple[float, frozenset[int]]:
        if next(asked) == question:
            signal.raise_signal(signal.SIGINT)
        return price(text, values, on, among=among, role=role)

    monkeypatch.setattr(twin, "price", interrupted)


def test_control_c_before_any_answer_is_passed_on(pricer: Pricer, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_at(twin, len(STATEMENTS) + 1, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        Search(pricer, UNLIMITED, deadline=later()).run()


def test_control_c_leaves_the_twin_as_it_believes_to_be(
    pricer: Pricer, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(twin, 3 * len(STATEMENTS), monkeypatch)
    outcome = Search(pricer, UNLIMITED, deadline=later()).run()
    assert outcome.ended == "interrupted"
    for query, text in enumerate(STATEMENTS):
        atom = pricer.find(query, outcome.found.chosen)
        assert atom is not None
        assert twin.price(text, None, frozenset(members(outcome.found.chosen)))[0] == atom.cost


def test_the_same_search_gives_the_same_answer(pricer: Pricer, twin: Twin) -> None:
    again = Pricer([twin], pricer.queries, twin.candidates.made)
    first, second = (Search(one, UNLIMITED, deadline=later()).run().found for one in (pricer, again))
    assert first == second


def test_without_time_the_indexes_of_today_are_left_and_it_is_said_that_none_was_tried(
    pricer: Pricer, twin: Twin
) -> None:
    outcome = Search(pricer, UNLIMITED, deadline=0.0).run()
    assert (outcome.ended, outcome.found.chosen) == ("unanswered", 0)
    assert outcome.found.cost == pytest.approx(cost(twin, UNLIMITED, 0))
    assert outcome.unsearched == frozenset(range(len(STATEMENTS)))


def test_what_was_reached_before_the_deadline_is_chosen_from(pricer: Pricer, twin: Twin) -> None:
    pricer.ask([(query, ALL) for query in range(3)])
    outcome = Search(pricer, UNLIMITED, deadline=time.monotonic() - 1).run()
    assert outcome.ended == "deadline"
    assert outcome.unsearched == {3, 4, 5}
    assert outcome.found.chosen
    assert outcome.found.cost == pytest.approx(cost(twin, UNLIMITED, outcome.found.chosen))
