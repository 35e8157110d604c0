"""The fleet app before and after the fix: requests in-process, and the plans of all that the app asks after it.

The claims are those of system C's document. The bars are for an organization with about 1 % of the rows; the largest,
with a sixth of them, is shown beside it.
"""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from fleet import schema
from fleet.address import APP_ROLE, as_app
from fleet.after import queries
from fleet.after.app import create_app as create_after
from fleet.after.models import Base
from fleet.before.app import create_app as create_before
from fleet.data import prepare, typical_organization
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.pipeline import take_snapshot
from pgwright.planner.restore import SERVER_SETTINGS
from pgwright.planner.twin import Twin, open_twin
from pgwright.runtime import count_statements
from pgwright.runtime.statements import TRANSACTION_CONTROL
from pgwright.runtime.tenancy import tenant
from pgwright.runtime.tenancy.binding import DEFAULT_SETTING
from query_bars.figures import Figure, at_least, at_most, in_turn, shown

BEFORE, AFTER = "fleet_before", "fleet_after"
SECRET = b"for measuring only"
TYPICAL, LARGEST = "typical", "largest"
LARGEST_ID = 1
# Before the fix, the largest organization's deliveries become half a million objects at each request.
ROUNDS = {TYPICAL: 9, LARGEST: 3}
EXPLAIN_ROUNDS = 5
MOST_STATEMENTS, MOST_MS = 2, 20.0
LIST = "/couriers"
# By path: what is claimed, and the least share of the time that it says is saved.
CLAIMS = {
    "/statistics/deliveries": ("delivery statistics", 0.97),
    "/statistics/couriers": ("counts", 0.50),
    "/dashboard": ("dashboard", 0.80),
}
GROUP_BY = ("group-by", 0.60)
# All GET endpoints, with and without what filters them.
READ = {
    "/couriers": ("", "?status=active"),
    "/couriers/{courier_id}": ("",),
    "/deliveries": ("", "?status=pending", "?status=delivered"),
    "/deliveries/{delivery_id}": ("",),
    "/statistics/couriers": ("",),
    "/statistics/deliveries": ("",),
    "/dashboard": ("",),
}
# One row a tenant, a page or two in all: PostgreSQL reads so little whole, and faster than by index. Shown for itself.
ORGANIZATIONS = "organizations"
# No policy holds for a materialized view, but its rows are the tenants' as well.
SECURED = {table.name for table in Base.metadata.sorted_tables if "tenant" in table.info} | {"delivery_dashboard"}
UNKNOWN_ID = 999_999

Plan = dict[str, Any]
"""What EXPLAIN (FORMAT JSON) says of one statement."""


@dataclass(frozen=True)
class Statement:
    text: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Site:
    """One of the two apps over its database, called in-process."""

    app: FastAPI
    client: AsyncClient
    engine: AsyncEngine

    async def get(self, url: str, organization_id: int) -> Response:
        response = await self.client.get(url, headers=_of(organization_id))
        return response.raise_for_status()


def _of(organization_id: int) -> dict[str, str]:
    return {"X-Organization-Id": str(organization_id)}


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the figures; below scale 0.15 the typical organization is the largest one, for there are few."""
    organizations = {TYPICAL: typical_organization(scale)}
    if organizations[TYPICAL] != LARGEST_ID:
        organizations[LARGEST] = LARGEST_ID
    with run_server() as server:
        _load(server, scale)
        async with _open_before(server) as before, _open_after(server) as after:
            for size, organization_id in organizations.items():
                async for figure in _compare(before, after, size, organization_id):
                    yield figure
            async for figure in _plan(server, after, organizations):
                yield figure


def _load(server: EmbeddedServer, scale: float) -> None:
    server.create_database(BEFORE)
    prepare(server.url(BEFORE), scale, "0001")
    server.create_database(AFTER, template=BEFORE)
    schema.upgrade(server.url(AFTER))
    with server.admin(AFTER) as connection:
        connection.execute("VACUUM (ANALYZE)")


@asynccontextmanager
async def _open_before(server: EmbeddedServer) -> AsyncIterator[Site]:
    app = create_before(server.url(BEFORE), pool_size=2, max_overflow=0)
    async with app.router.lifespan_context(app), _client(app) as client:
        yield Site(app, client, app.state.engine)


@asynccontextmanager
async def _open_after(server: EmbeddedServer) -> AsyncIterator[Site]:
    app = create_after(as_app(server.url(AFTER)), secret=SECRET, pool_size=2, max_overflow=0)
    async with app.router.lifespan_context(app), _client(app) as client:
        yield Site(app, client, app.state.databases.primary)


def _client(app: FastAPI) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://app")


async def _compare(before: Site, after: Site, size: str, organization_id: int) -> AsyncIterator[Figure]:
    """Measure requests before and after the fix, in turn."""

    def asking(site: Site, path: str) -> Callable[[], Any]:
        return lambda: site.get(path, organization_id)

    for path, (name, least) in CLAIMS.items():
        seconds = await in_turn([asking(before, path), asking(after, path)], ROUNDS[size])
        for figure in _saved(name, size, least, *seconds):
            yield figure

    # The same statement on both databases: what the index gives, without the counting in Python.
    async def group_before() -> None:
        async with AsyncSession(before.engine) as session:
            await queries.delivery_statistics(session, organization_id)

    async def group_after() -> None:
        with tenant(organization_id):
            async with after.app.state.databases.replicas.read_session() as session:
                await queries.delivery_statistics(session, organization_id)

    name, least = GROUP_BY
    for figure in _saved(name, size, least, *await in_turn([group_before, group_after], ROUNDS[size])):
        yield figure

    # The SELECT set_config(…) that binds a transaction to its tenant is no query of the app: it is marked as
    # transaction control and not counted, as the BEGIN before it. It costs a round trip, which the time holds.
    counts = []
    for site in (before, after):
        with count_statements(site.engine) as statements:
            await site.get(LIST, organization_id)
        counts.append(statements.count)
    yield shown(f"courier list, {size}: queries before (1 + N)", counts[0], "")
    yield at_most(f"courier list, {size}: queries after", counts[1], "", MOST_STATEMENTS)
    old, new = await in_turn([asking(before, LIST), asking(after, LIST)], ROUNDS[size])
    yield shown(f"courier list, {size}: time before / after", old / new, "")


def _saved(name: str, size: str, least: float, before: float, after: float) -> Iterator[Figure]:
    share = 1 - after / before
    saved = f"{name}, {size}: share of the time saved"
    yield at_least(saved, share, "", least) if size == TYPICAL else shown(saved, share, "")
    yield shown(f"{name}, {size}: before", before * 1e3, "ms")
    yield shown(f"{name}, {size}: after", after * 1e3, "ms")


async def _plan(server: EmbeddedServer, after: Site, organizations: Mapping[str, int]) -> AsyncIterator[Figure]:
    """Explain what the endpoints ask: on the twin, and for real, where each statement is executed as well."""
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
            yield at_most(name, slowest, "ms", MOST_MS) if size == TYPICAL else shown(name, slowest, "ms")


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
        unknown = await site.client.get(LIST, headers=_of(UNKNOWN_ID))
        assert unknown.status_code == 404
    return statements


@contextmanager
def _recorded(engine: AsyncEngine) -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def record(connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        if not context.execution_options.get(TRANSACTION_CONTROL):
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
