"""No organization ever sees a row of another: by the endpoints, by SQL, and with many at the same time."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import select

from fleet.address import as_app, to_libpq
from fleet.after.models import Base, Delivery
from pgwright_runtime.tenancy import TenantMissing
from pgwright_runtime.tenancy.testing import async_assert_tenants_isolated
from tests.support.database import Database
from tests.support.fleet_clients import TENANTS, Client, of, walk

pytest_plugins = ["tests.support.fleet_databases"]

SET_TENANT = "SELECT set_config('app.current_org_id', '3', false)"
TENANT_COLUMNS = [
    (table.name, table.info["tenant"].column) for table in Base.metadata.sorted_tables if "tenant" in table.info
]
# What is as it is on purpose: the README says why.
KNOWN = (
    "public.tenant_dashboard",
    "public.tenant_months",
    "public.couriers.fk_couriers_current_vehicle_id_vehicles",
    "public.deliveries.fk_deliveries_courier_id_couriers",
    "public.salaries.fk_salaries_courier_id_couriers",
    "public.cash_collections.fk_cash_collections_delivery_id_deliveries",
)
LISTS = ("/couriers?size=200", "/deliveries?status=in_transit&size=200", "/deliveries?status=pending&size=200")


@pytest.mark.parametrize("path", LISTS)
async def test_lists_are_of_one_organization_and_together_they_are_all(
    after_client: Client, fixed: Database, path: str
) -> None:
    table = path.removeprefix("/").split("?")[0]
    kind = path.split("status=")[1].split("&")[0] if "status" in path else None
    seen: dict[object, int] = {}
    for organization_id in range(1, max(TENANTS) + 1):
        for page in await walk(after_client, path, organization_id):
            for row in page:
                assert row["id"] not in seen
                seen[row["id"]] = organization_id
    condition = f"WHERE status = '{kind}'" if kind else ""
    assert sorted(seen.items(), key=str) == sorted(
        fixed.rows(f"SELECT id, organization_id FROM {table} {condition}"), key=str
    )


@pytest.mark.parametrize("kind", ["couriers", "deliveries"])
async def test_the_rows_of_another_are_not_found(after_client: Client, kind: str) -> None:
    for organization_id in TENANTS:
        for row in (await after_client.get(f"/{kind}?size=3", headers=of(organization_id))).json():
            for other in TENANTS:
                response = await after_client.get(f"/{kind}/{row['id']}", headers=of(other))
                assert response.status_code == (200 if other == organization_id else 404)


async def test_a_cursor_of_another_shows_no_row_of_theirs(after_client: Client) -> None:
    mine = (await after_client.get("/couriers?size=200", headers=of(3))).json()
    theirs = (await after_client.get("/couriers?size=5", headers=of(1))).links["next"]["url"]
    shown = (await after_client.get(theirs, headers=of(3))).json()
    assert {row["id"] for row in shown} <= {row["id"] for row in mine}


async def test_figures_are_of_one_organization(after_client: Client, fixed: Database) -> None:
    for organization_id in TENANTS:
        headers = of(organization_id)
        figures = (await after_client.get("/statistics/deliveries", headers=headers)).json()
        days = (await after_client.get("/dashboard?days=366", headers=headers)).json()["days"]
        [(deliveries, newest)] = fixed.rows(
            f"SELECT count(*), count(DISTINCT (created_at AT TIME ZONE 'UTC')::date) FROM deliveries "
            f"WHERE organization_id = {organization_id}"
        )
        assert sum(row["deliveries"] for row in figures) == deliveries
        assert isinstance(newest, int)
        assert len(days) == min(newest, 366)
        couriers = (await after_client.get("/statistics/couriers", headers=headers)).json()
        assert [(sum(row["couriers"] for row in couriers),)] == fixed.rows(
            f"SELECT count(*) FROM couriers WHERE organization_id = {organization_id}"
        )


async def test_many_at_the_same_time_over_two_connections_get_their_own_answers(after_client: Client) -> None:
    paths = ("/couriers", "/deliveries", "/statistics/deliveries", "/couriers/1", "/nowhere")
    asked = [(path, organization_id) for path in paths for organization_id in TENANTS]
    expected = {one: (await after_client.get(one[0], headers=of(one[1]))).json() for one in asked}

    async def ask(path: str, organization_id: int) -> bool:
        response = await after_client.get(path, headers=of(organization_id))
        return bool(response.json() == expected[path, organization_id])

    assert all(await asyncio.gather(*(ask(*one) for _ in range(10) for one in asked)))


async def test_without_a_tenant_no_statement_is_sent(after_client: Client) -> None:
    async with after_client.app.state.databases.replicas.session() as session:
        with pytest.raises(TenantMissing):
            await session.scalar(select(Delivery.id).limit(1))


def test_the_database_itself_refuses(fixed: Database) -> None:
    with psycopg.connect(to_libpq(as_app(fixed.url())), autocommit=True) as connection:
        for table, _ in TENANT_COLUMNS:
            with pytest.raises(errors.UndefinedObject):
                connection.execute(f"SELECT * FROM {table} LIMIT 1".encode())
        for view, stored in (("tenant_dashboard", "delivery_dashboard"), ("tenant_months", "delivery_months")):
            with pytest.raises(errors.UndefinedObject):
                connection.execute(f"SELECT * FROM {view} LIMIT 1".encode())
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {stored} LIMIT 1".encode())
        connection.execute(SET_TENANT)
        views = [("tenant_dashboard", "organization_id"), ("tenant_months", "organization_id")]
        for table, column in [*TENANT_COLUMNS, *views]:
            query = f"SELECT array_agg(DISTINCT {column}) FROM {table}"
            assert connection.execute(query.encode()).fetchone() == ([3],)


async def test_no_table_lets_a_tenant_cross(after_client: Client) -> None:
    primary = after_client.app.state.databases.primary
    await async_assert_tenants_isolated(primary, Base.metadata, (1, 3), ignore=KNOWN)
    with pytest.raises(AssertionError) as failure:
        await async_assert_tenants_isolated(primary, Base.metadata, (1, 3))
    assert {line.strip().split(": ")[0] for line in str(failure.value).splitlines()[1:]} == set(KNOWN)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vehicles (organization_id, plate_number, kind) VALUES (1, 'AB-1', 'van')",
        "UPDATE vehicles SET organization_id = 1",
        "SET ROLE postgres",
        "ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY",
        "REFRESH MATERIALIZED VIEW delivery_dashboard",
        "UPDATE pgwright_refreshes SET refreshed_at = now()",
    ],
)
def test_the_apps_role_cannot_step_over(after_copy: Database, statement: str) -> None:
    with psycopg.connect(to_libpq(as_app(after_copy.url())), autocommit=True) as connection:
        connection.execute(SET_TENANT)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        # Of others' rows none is there to be changed.
        assert connection.execute("UPDATE vehicles SET kind = 'van' WHERE organization_id <> 3").rowcount == 0
        assert connection.execute("DELETE FROM cash_collections WHERE organization_id <> 3").rowcount == 0
