"""The law: a query answers as it would if the deleted rows were not there; with the option, as if nothing hid them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.soft_delete import SoftDelete, hide_deleted, show_deleted, soft_deletable
from runtime.tests.support.soft_delete_oracle import Hook, Judge, judging

# `python bench/life.py soft_delete` asks thousands. Most of the time goes to making the tables of a world.
WORLDS, QUERIES = 12, 30


@pytest.fixture(scope="module")
def judge(server: EmbeddedServer) -> Iterator[Judge]:
    server.create_database("soft_delete_law", template="template1")
    hook = Hook(SoftDelete, soft_deletable, hide_deleted, option=show_deleted())
    with judging(server.url("soft_delete_law", "psycopg"), hook) as judge:
        yield judge
    server.drop_database("soft_delete_law")


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_query_answers_as_if_the_deleted_rows_were_not_there(judge: Judge, seed: int) -> None:
    assert [str(failure) for failure in judge.failures(seed, QUERIES)] == []


def test_the_queries_are_of_many_kinds(judge: Judge) -> None:
    list(judge.failures(1, 10 * QUERIES))
    assert len(judge.judged) > 25
    assert judge.invalid.total() < 0.2 * judge.judged.total()
