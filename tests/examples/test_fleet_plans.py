"""Every query of the app after the fix is planned by index, under its policies, at a scale where that matters."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from fleet.address import as_app
from fleet.after.app import create_app
from pgwright_runtime.tenancy import current_tenant, tenant
from tests.support.database import Database
from tests.support.fleet_clients import SECRET, Client, client_of, of

pytest_plugins = ["tests.support.fleet_databases"]

# About 3 % of the rows.
ORGANIZATION = 9
Statement = tuple[str, Any]


@pytest.fixture
async def client(large: Database) -> AsyncIterator[Client]:
    async with client_of(create_app(as_app(large.url()), secret=SECRET, pool_size=1, max_overflow=0)) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/couriers",
        "/couriers?status=active",
        "/couriers/{courier}",
        "/deliveries",
        "/deliveries?status=pending",
        "/deliveries?status=delivered",
        "/deliveries/{delivery}",
        "/statistics/couriers",
        "/statistics/deliveries",
        "/dashboard",
    ],
)
async def test_no_table_of_the_tenants_is_read_whole(client: Client, path: str) -> None:
    ids = {
        kind: (await client.get(f"/{table}?size=1", headers=of(ORGANIZATION))).json()[0]["id"]
        for kind, table in (("courier", "couriers"), ("delivery", "deliveries"))
    }
    statements: list[Statement] = []

    @event.listens_for(client.app.state.databases.primary.sync_engine, "before_cursor_execute")
    def record(connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        if current_tenant.get() is not None:  # what watches the servers works for none
            statements.append((text, values))

    # The second page, too, where there is one.
    response = await client.get(path.format(**ids), headers=of(ORGANIZATION))
    assert response.status_code == 200
    if "next" in response.links:
        assert (await client.get(response.links["next"]["url"], headers=of(ORGANIZATION))).status_code == 200

    reads = [one for one in statements if "set_config" not in one[0]]
    assert reads
    for text, values in reads:
        scans = [node for node in _nodes(await _explain(client, text, values)) if node["Node Type"].endswith("Scan")]
        assert scans
        # It has one row.
        read_whole = {node["Relation Name"] for node in scans if "Seq Scan" in node["Node Type"]} - {
            "pgwright_refreshes"
        }
        assert not read_whole, text


async def _explain(client: Client, text: str, values: Any) -> dict[str, Any]:
    with tenant(ORGANIZATION):
        async with client.app.state.databases.replicas.session() as session:
            connection = await session.connection()
            [plan] = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", values)).scalars()
    plans = json.loads(plan) if isinstance(plan, str) else plan
    root: dict[str, Any] = plans[0]["Plan"]
    return root


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
