"""What goes past SQLAlchemy or past the request is told or held, and never silently wrong."""

from __future__ import annotations

import pytest

from tests.probe.conftest import Probing, endpoint, reason
from tests.probe.odd_app import LATE, late_threads
from tests.support.database import Database

APP = "tests.probe.odd_app:create"


def test_a_driver_that_writes_past_the_engines_is_refused_and_told(probing: Probing, shop: Database) -> None:
    result = probing(app=APP, only=("/psycopg", "/asyncpg", "/read"))
    for name in ("GET /psycopg", "GET /asyncpg"):
        assert "cannot execute INSERT in a read-only transaction" in reason(result, name)
        assert ".pyx" not in reason(result, name)
    assert endpoint(result, "GET /read").calls[0].queries == 0
    said = reason(result, "statements past SQLAlchemy")
    assert said.startswith("asyncpg and psycopg opened connections without an engine in GET /asyncpg, GET /psycopg")
    assert "GET /read: their statements are not counted" in said
    assert shop.rows("SELECT count(*) FROM visits") == [(0,)]


def test_an_app_that_keeps_to_its_engine_is_told_nothing_of_it(probing: Probing) -> None:
    assert [one.what for one in probing(only=("/orders",)).not_examined if "past" in one.what] == []


@pytest.mark.parametrize("name", ["GET /thread", "GET /pool"])
def test_statements_of_threads_are_counted(probing: Probing, name: str) -> None:
    result = probing(app=APP, only=("/thread", "/pool"))
    assert [call.queries for call in endpoint(result, name).calls] == [4, 31]
    assert f"n-plus-one:{name}: Order.items" in [finding.key for finding in result.findings]


def test_what_a_thread_writes_after_the_probe_does_not_stay(probing: Probing, shop: Database) -> None:
    probing(app=APP, only=("/late",))
    LATE.set()
    for thread in late_threads:
        thread.join()
    assert late_threads
    assert shop.rows("SELECT count(*) FROM visits") == [(0,)]
    assert shop.rows("SELECT nextval('visits_id_seq') > 1") == [(True,)], "they did insert, and it was undone"


def test_apps_that_are_mounted_are_called_with_their_path(probing: Probing) -> None:
    result = probing(app=APP, only=("/v1/*",))
    calls = endpoint(result, "GET /v1/orders").calls
    assert [call.rows for call in calls] == [3, 30], "arrays inside the items are no rows"
    assert [finding.key for finding in result.findings] == ["n-plus-one:GET /v1/orders: Order.items"]


def test_a_session_used_by_two_tasks_is_told_with_the_remedy(probing: Probing) -> None:
    result = probing(app=APP, only=("/shared",))
    (told,) = (one for one in result.not_examined if one.what == "GET /shared")
    assert told.remedy == "several tasks use one session at a time: give each task its own"
