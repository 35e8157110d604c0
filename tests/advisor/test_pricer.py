"""What the pricer infers is what the twin says when it is asked: for random sets, by one twin and by two."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

import psycopg
import pytest

from pgwright.advisor.pricer import Pricer, Query, members
from pgwright.embedded import EmbeddedServer
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.candidates import Candidate
from pgwright.twin.twin import Twin, open_twins
from tests.support.database import Database

SCHEMA = """
CREATE TABLE customer (id int PRIMARY KEY, city int, name text);
CREATE TABLE sale (id int PRIMARY KEY, customer_id int, at int, amount int, state text);
INSERT INTO customer SELECT i, i % 300, repeat('n', 80) FROM generate_series(1, 6000) i;
INSERT INTO sale SELECT i, 1 + i * 7919 % 6000, i, i % 5000, CASE WHEN i % 200 = 0 THEN 'open' ELSE 'paid' END
    FROM generate_series(1, 40000) i;
VACUUM ANALYZE;
"""
CUSTOMER, SALE = QualifiedName("public", "customer"), QualifiedName("public", "sale")
COLUMNS = [
    (CUSTOMER, ("city",)), (CUSTOMER, ("city", "id")), (SALE, ("customer_id",)), (SALE, ("customer_id", "at")),
    (SALE, ("at",)), (SALE, ("state", "at")), (SALE, ("amount",)), (SALE, ("amount", "at")),
]  # fmt: skip
STATEMENTS = [
    "SELECT * FROM customer c JOIN sale s ON s.customer_id = c.id WHERE c.city = 7 ORDER BY s.at LIMIT 20",
    "SELECT * FROM sale WHERE customer_id = 17 ORDER BY at",
    "SELECT * FROM sale WHERE state = 'open' AND amount BETWEEN 100 AND 130",
    "SELECT max(at), count(*) FROM sale WHERE amount = 9",
    "SELECT count(*) FROM customer WHERE city IN (3, 4)",
]
ALL = 2 ** len(COLUMNS) - 1


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("pricer", template="template1")
    database = Database(server, "pricer")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("pricer")


@pytest.fixture(scope="module")
def built(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[tuple[Twin, ...]]:
    with open_twins(snapshot, 2, twin_server) as twins:
        yield twins


@pytest.fixture
def twins(built: tuple[Twin, ...]) -> tuple[tuple[Twin, ...], list[Candidate]]:
    definitions = [IndexDefinition("ix", table, tuple(map(IndexKey, columns))) for table, columns in COLUMNS]
    for twin in built:
        twin.clear()
    first, second = (twin.add(definitions) for twin in built)
    assert first == second
    return built, first


def queries(texts: Sequence[str] = STATEMENTS) -> list[Query]:
    tables = [frozenset(name for name in (CUSTOMER, SALE) if name.name in text) for text in texts]
    return [Query(n, text, None, 1.0, 1.0, tables[n]) for n, text in enumerate(texts)]


def test_what_is_inferred_is_what_the_twin_says(twins: tuple[tuple[Twin, ...], list[Candidate]]) -> None:
    (twin, _), candidates = twins
    pricer = Pricer([twin], queries(), candidates)
    chance = random.Random(3)
    every = range(len(STATEMENTS))
    pricer.ask((query, chosen) for query in every for chosen in (0, ALL))
    inferred = 0
    for _ in range(30):
        chosen = chance.getrandbits(len(COLUMNS)) | chance.getrandbits(len(COLUMNS))
        for query in every:
            atom = pricer.find(query, chosen)
            least, estimate = pricer.least(query, chosen), pricer.estimate(query, chosen)
            cost, used = twin.price(STATEMENTS[query], None, frozenset(members(chosen)))
            assert least - 1e-9 <= cost <= estimate + 1e-9
            if atom is None:
                pricer.ask([(query, chosen)])
                atom = pricer.find(query, chosen)
                assert atom is not None
            else:
                inferred += 1
            assert (atom.cost, frozenset(members(atom.used))) == (cost, used)
            assert pricer.estimate(query, chosen) == cost
    assert inferred > 75, "most answers follow from others"


def test_a_set_too_large_to_be_planned_in_time_is_asked_in_portions(
    twins: tuple[tuple[Twin, ...], list[Candidate]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (twin, _), candidates = twins
    last = candidates[-1].definition
    asked = [replace(query, own=frozenset({last})) for query in queries()]
    pricer = Pricer([twin], asked, candidates)
    keep = 0b1
    for query, relevant in enumerate(pricer.relevant):
        assert pricer.portions(query, ALL, keep) == [relevant]
    monkeypatch.setattr(twin, "most_on", 2)
    for query, relevant in enumerate(pricer.relevant):
        portions = pricer.portions(query, ALL, keep)
        assert reduce(or_, portions) == relevant
        for portion in portions:
            assert portion & keep == relevant & keep
            tables = [candidates[number].definition.table for number in members(portion & ~keep)]
            assert max(Counter(tables).values(), default=0) <= 2
        if relevant >> (len(candidates) - 1) & 1:
            assert portions[0] >> (len(candidates) - 1) & 1, "what was proposed for the statement comes first"


def test_atoms_are_the_plans_that_no_other_one_beats(twins: tuple[tuple[Twin, ...], list[Candidate]]) -> None:
    (twin, _), candidates = twins
    pricer = Pricer([twin], queries(), candidates)
    assert pricer.estimate(0, ALL) == float("inf")
    assert pricer.least(0, ALL) == 0.0
    pricer.ask((query, chosen) for query in range(len(STATEMENTS)) for chosen in range(0, ALL + 1, 3))
    for query in range(len(STATEMENTS)):
        atoms = pricer.atoms(query)
        assert [atom.cost for atom in atoms] == sorted(atom.cost for atom in atoms)
        for place, atom in enumerate(atoms):
            assert not any(not other.used & ~atom.used for other in atoms[:place])


def test_two_twins_say_what_one_says_and_no_question_is_asked_twice(
    twins: tuple[tuple[Twin, ...], list[Candidate]],
) -> None:
    both, candidates = twins
    questions = [(query, chosen) for query in range(len(STATEMENTS)) for chosen in (0, ALL, 0b1011, 0b11110000, 0b1)]
    pricers = [Pricer(both[:1], queries(), candidates), Pricer(both, queries(), candidates)]
    for pricer in pricers:
        assert pricer.ask(questions)
    alone, together = ([pricer.find(*question) for question in questions] for pricer in pricers)
    assert alone == together
    made = [twin.plans_made for twin in both]
    assert pricers[1].ask(questions * 2)
    assert [twin.plans_made for twin in both] == made


def test_the_deadline_stops_the_asking(twins: tuple[tuple[Twin, ...], list[Candidate]]) -> None:
    both, candidates = twins
    pricer = Pricer(both, queries(), candidates)
    assert not pricer.ask([(0, 0), (1, 0), (2, ALL)], deadline=time.monotonic() - 1)
    assert pricer.find(0, 0) is None
    assert pricer.ask([(0, 0)])
    assert pricer.ask([(0, 0)], deadline=time.monotonic() - 1), "what is known takes no time"


def test_what_cannot_be_planned_under_a_set_helps_nobody_and_bounds_nothing(
    twins: tuple[tuple[Twin, ...], list[Candidate]], snapshot: Snapshot
) -> None:
    both, candidates = twins
    pricer = Pricer(both, queries(["SELECT nosuch FROM sale", *STATEMENTS]), candidates)
    assert pricer.ask([(0, ALL), (1, ALL)])
    assert pricer.atoms(0) == []
    assert pricer.estimate(0, ALL) == float("inf")
    assert pricer.least(0, 0) == 0.0
    with pytest.raises(psycopg.Error):
        both[0].price("SELECT nosuch FROM sale", None, frozenset())
    assert both[0].price(STATEMENTS[1], None, frozenset())[1] == frozenset(), "its switches are still right"
