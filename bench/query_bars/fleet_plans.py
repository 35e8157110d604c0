"""The plans of all that the fleet app asks after the fix: on the twin, and for real, where each is executed as well."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from fleet.address import APP_ROLE
from fleet.after.models import DELIVERY_DASHBOARD, DELIVERY_MONTHS, Base
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.pipeline import take_snapshot
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.twin import Twin, open_twin
from pgwright_runtime.statements import TRANSACTION_CONTROL
from pgwright_runtime.tenancy import current_tenant, tenant
from pgwright_runtime.tenancy.binding import DEFAULT_SETTING
from query_bars.figures import Figure, at_most, shown
from query_bars.fleet_sites import AFTER, Site, of

EXPLAIN_ROUNDS = 5
MOST_MS = 20.0
# All GET endpoints, with and without what filters them.
READ = {
    "/couriers": ("", "?status=active"),
    "/couriers/{courier_id}": ("",),
    "/deliveries": ("", "?status=pending", "?status=delivered"),
    "/deliveries/{delivery_id}": ("",),
    "/statistics/couriers": ("",),
    "/statistics/deliveries": ("",),
    "/dashboard": ("",),
    "/dashboard/months": ("",),
}
# One row a tenant, a page or two in all: PostgreSQL reads so little whole, and faster than by index. Shown for itself.
ORGANIZATIONS = "organizations"
# No policy holds for a materialized view, but its rows are the tenants' as well.
SECURED = {table.name for table in Base.metadata.sorted_tables if "tenant" in table.info} | {
    view.name for view in (DELIVERY_DASHBOARD, DELIVERY_MONTHS)
}
UNKNOWN_ID = 999_999

Plan = dict[str, Any]
"""What EXPLAIN (FORMAT JSON) says of one statement."""


@dataclass(frozen=True)
class Statement:
    text: str
    values: tuple[Any, ...]


async def measure_plans(
    server: EmbeddedServer, after: Site, organizations: Mapping[str, int], typical: str
) -> AsyncIterator[Figure]:
    """Yield, by size of organization, which tables are read whole and how long EXPLAIN ANALYZE takes.

    The bar on the time holds for the organization of the size `typical`.
    """
    snapshot = take_snapshot(server.dsn(AFTER))
    with run_server(settings=SERVER_SETTINGS) as own, open_twin(snapshot, own) as twin:
        for size, organization_id in organizations.items():
            statements = await _record(after, organization_id)
            real = [await _explain(after, one, organization_id) for one in statements]
            planned = [_explain_on_twin(twin, one, organization_id) for one in statements]
            yield shown(f"tenant queries, {size}: explained", len(statements), "")
            for where, plans in (("for real", [plan for plan, _ in real]), ("on the twin", planned)):
                names = [name for plan in plans for name in _read_whole(plan)]
                few = names.count(ORGANIZATIONS)
                yield at_most(f"tenant queries, {size}: tables read whole {where}", len(names) - few, "", 0)
                yield shown(f"tenant queries, {size}: {ORGANIZATIONS} read whole {where}", few, "")
            name, slowest = f"tenant queries, {size}: slowest EXPLAIN ANALYZE", max(ms for _, ms in real)
            yield at_most(name, slowest, "ms", MOST_MS) if size == typical else shown(name, slowest, "ms")


async def _record(site: Site, organization_id: int) -> list[Statement]:
    """Return what the GET endpoints ask the database; of lists their second page, too, and what precedes a 404."""
    paths = site.app.openapi()["paths"]
    assert set(READ) == {path for path, methods in paths.items() if "get" in methods}
    ids = {
        f"{kind}_id": (await site.get(f"/{table}?size=1", organization_id)).json()[0]["id"]
        for kind, table in (("courier", "couriers"), ("delivery", "deliveries"))
    }
    with _recorded(site.engine) as statements:
        for path, filters in READ.items():
            for one in filters:
                response = await site.get(path.format(**ids) + one, organization_id)
                if "next" in response.links:
                    await site.get(response.links["next"]["url"], organization_id)
        unknown = await site.client.get("/couriers", headers=of(UNKNOWN_ID))
        assert unknown.status_code == 404
    return statements


@contextmanager
def _recorded(engine: AsyncEngine) -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def record(connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        # What watches the servers works for no tenant.
        if current_tenant.get() is not None and not context.execution_options.get(TRANSACTION_CONTROL):
            statements.append(Statement(text, tuple(values)))

    event.listen(engine.sync_engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", record)


async def _explain(site: Site, statement: Statement, organization_id: int) -> tuple[Plan, float]:
    """Return the plan as the app has it, under its policies, and the median time to plan and execute it, ms."""
    explained: list[Plan] = []
    for _ in range(EXPLAIN_ROUNDS):
        with tenant(organization_id):
            async with site.app.state.databases.replicas.session() as session:
                connection = await session.connection()
                command = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"
                (found,) = (await connection.exec_driver_sql(command, statement.values)).scalar_one()
                explained.append(found)
    return explained[-1]["Plan"], statistics.median(one["Planning Time"] + one["Execution Time"] for one in explained)


def _explain_on_twin(twin: Twin, statement: Statement, organization_id: int) -> Plan:
    with twin.configured({DEFAULT_SETTING: str(organization_id), "role": APP_ROLE}):
        (found,) = twin.explained(statement.text, [None if one is None else str(one) for one in statement.values])
    plan: Plan = found["Plan"]
    return plan


def _read_whole(plan: Plan) -> list[str]:
    own = [plan["Relation Name"]] if plan["Node Type"].endswith("Seq Scan") else []
    return [name for name in own if name in SECURED] + [
        name for child in plan.get("Plans", ()) for name in _read_whole(child)
    ]
