"""The dashboard: its age, its refresh, and that it can be read meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from fleet.address import as_app
from fleet.after import dashboard
from fleet.after.app import create_app
from tests.support.database import Database
from tests.support.fleet_clients import SECRET, Client, client_of, of

pytest_plugins = ["tests.support.fleet_databases"]

NEW = {"price_cents": 1250, "cash_on_delivery": True, "address": " Mill Lane 7 "}
AN_HOUR_AGO = "UPDATE view_refreshes SET refreshed_at = now() - interval '1 hour'"


@pytest.fixture
async def client(after_copy: Database) -> AsyncIterator[Client]:
    after_copy.execute(AN_HOUR_AGO)
    async with client_of(create_app(as_app(after_copy.url()), secret=SECRET, pool_size=2)) as client:
        yield client


async def test_a_new_delivery_is_listed_at_once_and_on_the_dashboard_after_the_refresh(client: Client) -> None:
    made = await client.post("/deliveries", headers=of(3), json=NEW)
    assert made.status_code == 201
    assert (made.json()["price"], made.json()["address"]) == ("12.50", "Mill Lane 7")
    assert (await client.get("/deliveries?size=1", headers=of(3))).json() == [made.json()]
    old = (await client.get("/dashboard", headers=of(3))).json()
    assert old["age_s"] >= 3600
    assert (await client.post("/dashboard/refresh")).status_code == 204
    new = (await client.get("/dashboard", headers=of(3))).json()
    assert new["age_s"] < 3600
    assert (new["days"][0]["pending"], new["days"][0]["day"]) == (1, made.json()["created_at"][:10])
    assert new["days"][1:] == old["days"][:-1]


async def test_it_is_readable_while_it_is_refreshed_and_a_second_refresh_is_told(
    client: Client, after_copy: Database
) -> None:
    await client.post("/deliveries", headers=of(3), json=NEW)
    old = (await client.get("/dashboard", headers=of(3))).json()
    with psycopg.connect(after_copy.dsn) as refreshing:
        assert refreshing.execute("SELECT refresh_delivery_dashboard()").fetchone() == (True,)
        # Not committed yet: all its locks are held.
        meanwhile = (await client.get("/dashboard", headers=of(3))).json()
        assert (await client.post("/dashboard/refresh")).status_code == 409
    assert (meanwhile["days"], meanwhile["age_s"] >= 3600) == (old["days"], True)
    new = (await client.get("/dashboard", headers=of(3))).json()
    assert (new["days"] != old["days"], new["age_s"] < 3600) == (True, True)


async def test_a_failed_refresh_leaves_figures_and_age(client: Client, after_copy: Database) -> None:
    old = (await client.get("/dashboard", headers=of(3))).json()
    after_copy.execute("ALTER FUNCTION refresh_delivery_dashboard() RENAME TO refresh_gone")
    with pytest.raises(Exception, match="refresh_delivery_dashboard"):
        await client.post("/dashboard/refresh")
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


def test_refreshes_from_the_command_line(after_copy: Database, capsys: pytest.CaptureFixture[str]) -> None:
    after_copy.execute(AN_HOUR_AGO)
    assert dashboard.main(["--database-url", as_app(after_copy.url()).render_as_string(hide_password=False)]) == 0
    assert capsys.readouterr().out == "refreshed\n"
    assert after_copy.rows("SELECT now() - refreshed_at < interval '1 hour' FROM view_refreshes") == [(True,)]


def test_asks_for_a_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        dashboard.main([])
    assert "Give --database-url" in capsys.readouterr().err
