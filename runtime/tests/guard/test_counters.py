"""The counters of a guard: production's view, in a fixed amount of memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import QueryGuard
from runtime.tests.support.guard_shelf import ROWS, Notebook, create_shelf


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = create_shelf(server)
    engine = create_engine(server.url(name, "psycopg"))
    yield engine
    engine.dispose()
    server.drop_database(name)


def test_a_thousand_units_keep_few_keys(engine: Engine) -> None:
    guard = QueryGuard(engine, mode="sample", share=1, max_keys=10)
    with Session(engine) as session:
        for number in range(1_000):
            with guard.unit(f"GET /{number}"):
                for _ in range(3 if number % 100 == 0 else 1):
                    session.execute(text("SELECT 1"))
    shot = guard.counters()
    assert (shot.units, shot.sampled, len(shot.by_unit)) == (1_000, 1_000, 11)
    assert shot.by_unit["other"].units == 990
    assert sum(counts.units for counts in shot.by_unit.values()) == 1_000
    assert shot.by_unit["GET /0"].buckets == (0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
    assert sum(seen.units for seen in shot.problems.values()) == 10
    assert {key.unit for key in shot.problems} == {"GET /0", "other"}


def test_sampling_leaves_units_out(engine: Engine) -> None:
    guard = QueryGuard(engine, mode="sample", share=0)
    with guard.unit("GET /") as unit, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert (unit.count, unit.is_sampled) == (0, False)
    assert (guard.counters().units, guard.counters().sampled) == (1, 0)


def test_samples_know_relationship_option_and_place(engine: Engine) -> None:
    guard = QueryGuard(engine, mode="sample", share=1)
    with guard.unit("GET /notebooks"), Session(engine) as session:
        for notebook in session.scalars(select(Notebook)):
            assert notebook.sources
    ((key, seen),) = guard.counters().problems.items()
    assert (key.unit, key.kind, key.relationship) == ("GET /notebooks", "lazy load", "Notebook.sources")
    assert (seen.units, seen.statements) == (1, ROWS)
    assert seen.example.loader == "selectinload(Notebook.sources)"
    assert seen.example.place is not None
