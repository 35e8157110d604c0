"""Both web apps over the real server: the same answers, fewer statements, and what they refuse."""

from __future__ import annotations

from itertools import chain

import pytest

from fleet.address import as_app
from fleet.after.app import create_app
from pgwright_runtime import count_statements
from pgwright_runtime.replicas import NotAReplica
from tests.support.database import Database
from tests.support.fleet_clients import SECRET, TENANTS, UNKNOWN, Client, client_of, of, walk

pytest_plugins = ["tests.support.fleet_databases"]

LISTS = ("/couriers?size=200", "/couriers?status=active&size=40", "/deliveries?status=pending&size=7")
FIGURES = ("/statistics/couriers", "/statistics/deliveries")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("organization_id", TENANTS)
async def test_every_page_is_the_same_before_and_after(
    before_client: Client, after_client: Client, organization_id: int, path: str
) -> None:
    old, new = await walk(before_client, path, organization_id), await walk(after_client, path, organization_id)
    assert list(chain(*new)) == list(chain(*old))
    assert new[0]


@pytest.mark.parametrize("path", [*FIGURES, "/deliveries?size=200"])
@pytest.mark.parametrize("organization_id", TENANTS)
async def test_answers_the_same(before_client: Client, after_client: Client, organization_id: int, path: str) -> None:
    old = await before_client.get(path, headers=of(organization_id))
    new = await after_client.get(path, headers=of(organization_id))
    assert new.json() == old.json()
    assert (len(new.json()) > 0, new.status_code) == (True, 200)


@pytest.mark.parametrize("organization_id", TENANTS)
async def test_the_details_are_the_same(before_client: Client, after_client: Client, organization_id: int) -> None:
    for kind in ("couriers", "deliveries"):
        listed = await before_client.get(f"/{kind}?size=200", headers=of(organization_id))
        for row in listed.json()[::40]:
            old = await before_client.get(f"/{kind}/{row['id']}", headers=of(organization_id))
            new = await after_client.get(f"/{kind}/{row['id']}", headers=of(organization_id))
            assert (new.status_code, new.json()) == (200, old.json())


@pytest.mark.parametrize("organization_id", TENANTS)
async def test_the_dashboard_is_the_same_and_says_its_age(
    before_client: Client, after_client: Client, organization_id: int
) -> None:
    old = (await before_client.get("/dashboard?days=90", headers=of(organization_id))).json()
    new = (await after_client.get("/dashboard?days=90", headers=of(organization_id))).json()
    assert new["days"] == old["days"]
    assert len(new["days"]) > 30
    assert (old["age_s"], new["age_s"] > 0) == (0, True)
    assert (old["is_stale"], new["is_stale"]) == (False, new["age_s"] > 900)


async def test_the_courier_list_asks_once_a_row_before_and_once_in_all_after(
    before_client: Client, after_client: Client
) -> None:
    with count_statements(before_client.app.state.engine) as old:
        rows = (await before_client.get("/couriers?size=100", headers=of(1))).json()
    driven = sum(row["vehicle"] is not None for row in rows)
    # The organization, the list, and a vehicle at a time.
    assert (old.count, driven > 50) == (2 + driven, True)
    with count_statements(after_client.app.state.databases.primary) as new:
        response = await after_client.get("/couriers?size=100", headers=of(1))
    assert response.json() == rows
    # The tenant's setting belongs to BEGIN, and is not counted.
    assert new.count == 1, new.texts


@pytest.mark.parametrize(
    "path",
    ["/couriers?size=20", "/couriers/{courier}", "/deliveries", *FIGURES, "/dashboard"],
)
async def test_every_read_takes_two_queries_at_most(after_client: Client, path: str) -> None:
    courier = (await after_client.get("/couriers?size=1", headers=of(1))).json()[0]["id"]
    url = path.format(courier=courier)
    for _ in range(2):
        with count_statements(after_client.app.state.databases.primary) as statements:
            response = await after_client.get(url, headers=of(1))
        assert response.status_code == 200
        assert statements.count <= 2, statements.texts
        url = response.links.get("next", {}).get("url", url)


async def test_a_forged_or_foreign_cursor_is_refused(after_client: Client) -> None:
    first = await after_client.get("/couriers?size=5", headers=of(1))
    link = first.links["next"]["url"]
    flipped = link[:-1] + ("A" if link[-1] != "A" else "B")
    other_list = link.replace("/couriers", "/deliveries")
    for url in (
        flipped,
        link[:-8],
        other_list,
        "/couriers?cursor=",
        "/couriers?cursor=%00",
        "/couriers?cursor=" + "A" * 9000,
    ):
        response = await after_client.get(url, headers=of(1))
        assert response.status_code == 400, url


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    ("path", "organization_id", "status"),
    [
        ("/couriers", None, 422),
        ("/couriers", "seven", 422),
        ("/couriers", "1; DROP TABLE couriers", 422),
        ("/couriers", "", 422),
        ("/couriers", "-1", 422),
        ("/couriers", str(2**63), 422),
        ("/couriers", str(UNKNOWN), 404),
        ("/couriers?status=left", str(UNKNOWN), 404),
        ("/deliveries", str(UNKNOWN), 404),
        ("/statistics/couriers", str(UNKNOWN), 404),
        ("/statistics/deliveries", str(UNKNOWN), 404),
        ("/dashboard", str(UNKNOWN), 404),
        ("/couriers/1", str(UNKNOWN), 404),
        ("/couriers?size=-1", "1", 422),
        ("/couriers?size=0", "1", 422),
        ("/couriers?size=100000", "1", 422),
        ("/couriers?status=lost", "1", 422),
        ("/couriers/x", "1", 422),
        (f"/couriers/{2**63}", "1", 422),
        (f"/couriers/{2**63 - 1}", "1", 404),
        ("/dashboard?days=0", "1", 422),
    ],
)
async def test_bad_input_is_refused(
    before_client: Client, after_client: Client, side: str, path: str, organization_id: str | None, status: int
) -> None:
    client = before_client if side == "before" else after_client
    headers = {} if organization_id is None else of(organization_id)
    assert (await client.get(path, headers=headers)).status_code == status


async def test_a_full_pool_is_told_as_busy(fixed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", as_app(fixed.url()).render_as_string(hide_password=False))
    async with client_of(create_app(pool_size=1, max_overflow=0)) as client:
        engine = client.app.state.databases.primary
        async with engine.connect():
            engine.pool._timeout = 0.05
            response = await client.get("/couriers", headers=of(1))
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert (await client.get("/couriers", headers=of(1))).status_code == 200


async def test_a_replica_that_is_a_primary_is_refused_at_the_start(fixed: Database) -> None:
    with pytest.raises(NotAReplica):
        async with client_of(create_app(as_app(fixed.url()), as_app(fixed.url()), secret=SECRET)):
            pass
