"""The dashboard: its age, its refresh, and that it can be read meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fleet.address import as_app
from fleet.after import dashboard
from fleet.after.app import create_app
from fleet.after.models import COUNTS
from pgwright_runtime.materialized import RefreshResult
from tests.support.database import Database
from tests.support.fleet_clients import SECRET, Client, client_of, of

pytest_plugins = ["tests.support.fleet_databases"]

NEW = {"price_cents": 1250, "cash_on_delivery": True, "address": " Mill Lane 7 "}
AN_HOUR_AGO = """
    UPDATE pgwright_refreshes SET refreshed_at = now() - interval '1 hour', data_at = now() - interval '1 hour'
"""
REFRESHED = [("delivery_dashboard", "refreshed"), ("delivery_months", "refreshed")]


@pytest.fixture
async def client(after_copy: Database) -> AsyncIterator[Client]:
    after_copy.execute(AN_HOUR_AGO)
    async with client_of(create_app(as_app(after_copy.url()), secret=SECRET, pool_size=2)) as client:
        yield client


@pytest.fixture
async def owner(after_copy: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(after_copy.url("asyncpg"), poolclass=NullPool)
    yield engine
    await engine.dispose()


def outcomes(results: list[RefreshResult]) -> list[tuple[str, str]]:
    return [(result.view, result.outcome) for result in results]


async def test_a_new_delivery_is_listed_at_once_and_on_the_dashboard_after_the_refresh(
    client: Client, owner: AsyncEngine
) -> None:
    made = await client.post("/deliveries", headers=of(3), json=NEW)
    assert made.status_code == 201
    assert (made.json()["price"], made.json()["address"]) == ("12.50", "Mill Lane 7")
    assert (await client.get("/deliveries?size=1", headers=of(3))).json() == [made.json()]
    answer = await client.get("/dashboard", headers=of(3))
    old = answer.json()
    assert (old["age_s"] >= 3600, old["is_stale"], int(answer.headers["Age"]) >= 3600) == (True, True, True)
    assert outcomes(await dashboard.refresh(owner)) == REFRESHED
    new = (await client.get("/dashboard", headers=of(3))).json()
    assert (new["age_s"] < 900, new["is_stale"]) == (True, False)
    assert (new["days"][0]["pending"], new["days"][0]["day"]) == (1, made.json()["created_at"][:10])
    assert new["days"][1:] == old["days"][:-1]


async def test_the_months_are_those_of_the_days_and_as_old(client: Client, owner: AsyncEngine) -> None:
    await client.post("/deliveries", headers=of(3), json=NEW)
    old = (await client.get("/dashboard/months", headers=of(3))).json()
    assert (old["age_s"] >= 3600, old["is_stale"]) == (True, False)
    assert outcomes(await dashboard.refresh(owner)) == REFRESHED
    answer = await client.get("/dashboard/months", headers=of(3))
    months, days = answer.json()["months"], (await client.get("/dashboard?days=366", headers=of(3))).json()["days"]
    newest = months[0]["month"][:7]
    assert months[0]["deliveries"] == sum(
        sum(day[name] for name in COUNTS) for day in days if day["day"].startswith(newest)
    )
    assert "Age" in answer.headers
    assert [month["month"] for month in months] == sorted((month["month"] for month in months), reverse=True)


async def test_it_is_readable_while_it_is_refreshed_and_a_second_refresh_is_left(
    client: Client, owner: AsyncEngine, after_copy: Database
) -> None:
    await client.post("/deliveries", headers=of(3), json=NEW)
    old = (await client.get("/dashboard", headers=of(3))).json()
    with psycopg.connect(after_copy.dsn) as gate:
        # The refresh's last statement, after which it commits, has to wait.
        gate.execute("SELECT 1 FROM pgwright_refreshes WHERE view_name = 'delivery_dashboard' FOR UPDATE")
        refreshing = asyncio.create_task(dashboard.refresh(owner))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while after_copy.rows(waiting) != [(1,)]:
            await asyncio.sleep(0)
        meanwhile = (await client.get("/dashboard", headers=of(3))).json()
        assert outcomes(await dashboard.refresh(owner)) == [
            ("delivery_dashboard", "refreshed elsewhere"),
            ("delivery_months", "source not refreshed"),
        ]
    assert outcomes(await refreshing) == REFRESHED
    assert (meanwhile["days"], meanwhile["age_s"] >= 3600) == (old["days"], True)
    new = (await client.get("/dashboard", headers=of(3))).json()
    assert (new["days"] != old["days"], new["age_s"] < 3600) == (True, True)


async def test_a_failed_refresh_leaves_figures_and_age_and_is_told(
    client: Client, after_copy: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (await client.get("/dashboard", headers=of(3))).json()
    # As the app's own role, which may not.
    url = as_app(after_copy.url()).render_as_string(hide_password=False)
    assert await asyncio.to_thread(dashboard.main, ["--database-url", url]) == 1
    said = capsys.readouterr().out
    assert ("delivery_dashboard: failed" in said, "Connect as the owner" in said) == (True, True)
    new = (await client.get("/dashboard", headers=of(3))).json()
    assert (new["days"], new["age_s"] >= old["age_s"]) == (old["days"], True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**NEW, "price_cents": -1},
        {**NEW, "price_cents": 10**12},
        {**NEW, "address": " "},
        {**NEW, "address": "nul \x00"},
        {**NEW, "address": "x" * 201},
    ],
)
async def test_a_bad_delivery_is_refused(client: Client, body: dict[str, object]) -> None:
    assert (await client.post("/deliveries", headers=of(3), json=body)).status_code == 422


async def test_a_delivery_of_an_unknown_organization_is_refused(client: Client) -> None:
    assert (await client.post("/deliveries", headers=of(999_999), json=NEW)).status_code == 404


def test_refreshes_what_is_due_from_the_command_line(after_copy: Database, capsys: pytest.CaptureFixture[str]) -> None:
    after_copy.execute(AN_HOUR_AGO)
    assert dashboard.main(["--database-url", after_copy.url()]) == 0
    assert capsys.readouterr().out == "delivery_dashboard: refreshed\ndelivery_months: refreshed\n"
    assert dashboard.main(["--database-url", after_copy.url()]) == 0
    assert capsys.readouterr().out == "delivery_dashboard: not due\ndelivery_months: not due\n"


def test_asks_for_a_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        dashboard.main([])
    assert "Give --database-url" in capsys.readouterr().err
