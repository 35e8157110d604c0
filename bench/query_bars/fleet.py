"""The fleet app before and after the fix: requests in-process, and the plans of all that the app asks after it.

The claims are those of system C's document. The bars are for an organization with about 1 % of the rows; the largest,
with a sixth of them, is shown beside it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from fleet.after import queries
from fleet.after.models import Base
from fleet.before import queries as queries_before
from fleet.data import typical_organization
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import count_statements
from pgwright_runtime.materialized import refresh_now
from pgwright_runtime.tenancy import tenant
from query_bars.figures import Figure, at_least, at_most, in_turn, shown
from query_bars.fleet_plans import measure_plans
from query_bars.fleet_sites import AFTER, Site, load, open_after, open_before

TYPICAL, LARGEST = "typical", "largest"
LARGEST_ID = 1
# Before the fix, the largest organization's deliveries become half a million objects at each request.
ROUNDS = {TYPICAL: 9, LARGEST: 3}
MOST_STATEMENTS = 2
LIST = "/couriers"
# By path: what is claimed, and the least share of the time that it says is saved.
CLAIMS = {
    "/statistics/deliveries": ("delivery statistics", 0.97),
    "/statistics/couriers": ("counts", 0.50),
    "/dashboard": ("dashboard", 0.80),
}
GROUP_BY = ("group-by", 0.60)


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the figures; below scale 0.15 the typical organization is the largest one, for there are few."""
    organizations = {TYPICAL: typical_organization(scale)}
    if organizations[TYPICAL] != LARGEST_ID:
        organizations[LARGEST] = LARGEST_ID
    with run_server() as server:
        load(server, scale)
        async with open_before(server) as before, open_after(server) as after:
            for size, organization_id in organizations.items():
                async for figure in _compare(before, after, size, organization_id):
                    yield figure
            async for figure in _refresh(server):
                yield figure
            async for figure in measure_plans(server, after, organizations, TYPICAL):
                yield figure


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

    # The view against the aggregate that it keeps, both on the fixed database, with its indexes and policies.
    async def live() -> None:
        with tenant(organization_id):
            async with after.app.state.databases.replicas.read_session() as session:
                await queries_before.dashboard(session, organization_id)

    async def kept() -> None:
        with tenant(organization_id):
            async with after.app.state.databases.replicas.read_session() as session:
                await queries.dashboard(session)

    counted, read = await in_turn([live, kept], ROUNDS[size])
    yield shown(f"dashboard, {size}: time of the live aggregate / of the view and its age", counted / read, "")

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


async def _refresh(server: EmbeddedServer) -> AsyncIterator[Figure]:
    """Show what the figures cost instead: a refresh of both views, for all organizations."""
    engine = create_async_engine(server.url(AFTER, "asyncpg"), pool_size=1)
    for result in await refresh_now(engine, Base.metadata):
        if result.error:
            raise RuntimeError(result.error)
        yield shown(f"{result.view}: refresh for all organizations", result.seconds, "s")
    await engine.dispose()


def _saved(name: str, size: str, least: float, before: float, after: float) -> Iterator[Figure]:
    share = 1 - after / before
    saved = f"{name}, {size}: share of the time saved"
    yield at_least(saved, share, "", least) if size == TYPICAL else shown(saved, share, "")
    yield shown(f"{name}, {size}: before", before * 1e3, "ms")
    yield shown(f"{name}, {size}: after", after * 1e3, "ms")
