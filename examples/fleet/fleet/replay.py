"""Plays the use of the app through its queries as they were before, so that the server's statistics hold it.

    python -m fleet.replay --scale 0.01

Each call asks for other rows, the same ones at every run. Each `add_delivery` adds a delivery; nothing else changes
the number of rows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random

from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from fleet.address import to_url
from fleet.before import queries
from fleet.before.models import Courier, Delivery
from fleet.data import row_counts

Progress = Callable[[str, int, int], None]
"""Called with the name of a call, the calls done and the calls in all."""


# Rows of each table that the calls choose from.
_DRAWN = 300


class Visitor:
    """Draws whom and what the next call is about."""

    def __init__(self, scale: float) -> None:
        self.counts = row_counts(scale)
        self.random = Random(20)
        self.drawn: dict[str, list[tuple[int, int]]] = {}

    async def draw(self, session: AsyncSession) -> None:
        """Draw rows with their organizations, all at once: to look them up one by one would be no use of the app."""
        for table, model in (("couriers", Courier), ("deliveries", Delivery)):
            ids = [self.random.randrange(self.counts[table]) + 1 for _ in range(_DRAWN)]
            rows = await session.execute(select(model.id, model.organization_id).where(model.id.in_(ids)))
            self.drawn[table] = sorted((row[0], row[1]) for row in rows)

    def row(self, table: str) -> tuple[int, int]:
        """Return the organization and the id of a row; large organizations come oftener."""
        number, organization_id = self.random.choice(self.drawn[table])
        return organization_id, number

    @property
    def organization(self) -> int:
        return self.row("couriers")[0]


Call = Callable[[AsyncSession, Visitor], Awaitable[object]]


async def _page_deep(session: AsyncSession, visitor: Visitor) -> None:
    """Scroll far back in the largest organization."""
    await queries.list_deliveries(session, 1, size=20, page=visitor.random.randrange(50, 100))


async def _add_delivery(session: AsyncSession, visitor: Visitor) -> None:
    await queries.add_delivery(session, visitor.organization, Decimal("12.50"), True, "Mill Lane 7")
    await session.commit()


async def _delivery_statistics(session: AsyncSession, visitor: Visitor) -> None:
    # Of a smaller one: the largest would bring half a million rows to Python, again and again.
    smaller = visitor.counts["organizations"] * (0.3 + 0.7 * visitor.random.random())
    await queries.delivery_statistics(session, int(smaller))


# How often each call comes, relative to the others.
MIX: dict[str, tuple[int, Call]] = {
    "list_couriers": (25, lambda session, visitor: queries.list_couriers(session, visitor.organization, size=20)),
    "list_active_couriers": (
        25,
        lambda session, visitor: queries.list_couriers(session, visitor.organization, "active", size=20),
    ),
    "get_courier": (3, lambda session, visitor: queries.get_courier(session, *visitor.row("couriers"))),
    "list_deliveries": (25, lambda session, visitor: queries.list_deliveries(session, visitor.organization, size=20)),
    "poll_pending": (
        40,
        lambda session, visitor: queries.list_deliveries(session, visitor.organization, "pending", size=20),
    ),
    "page_deep": (4, _page_deep),
    "get_delivery": (60, lambda session, visitor: queries.get_delivery(session, *visitor.row("deliveries"))),
    "add_delivery": (60, _add_delivery),
    "count_couriers": (25, lambda session, visitor: queries.count_couriers(session, visitor.organization)),
    "delivery_statistics": (10, _delivery_statistics),
    "dashboard": (10, lambda session, visitor: queries.dashboard(session, visitor.organization)),
}
DEFAULT_CALLS = sum(weight for weight, _ in MIX.values())


def replay(url: str | URL, scale: float = 1.0, calls: int = DEFAULT_CALLS, progress: Progress | None = None) -> int:
    """Play about so many calls, one after the other, in a fixed random order.

    Args:
        url: the database at revision "0001", filled by `fleet.data.load`.
        scale: the scale that the data was loaded with.
        calls: in all; each kind comes at least once.
        progress: told about each call.
    Returns: The number of calls played.
    """
    return asyncio.run(_play(url, calls, progress or (lambda name, done, total: None), Visitor(scale)))


async def _play(url: str | URL, calls: int, report: Progress, visitor: Visitor) -> int:
    share = calls / DEFAULT_CALLS
    names = [name for name, (weight, _) in MIX.items() for _ in range(max(1, round(weight * share)))]
    visitor.random.shuffle(names)
    engine = create_async_engine(to_url(url, "asyncpg"))
    try:
        async with AsyncSession(engine) as session:
            await visitor.draw(session)
        for done, name in enumerate(names, start=1):
            async with AsyncSession(engine) as session:
                await MIX[name][1](session, visitor)
            report(name, done, len(names))
    finally:
        await engine.dispose()
    return len(names)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet.replay", description="Play the use of the app before.")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--scale", type=float, default=1.0, help="the scale that the data was loaded with")
    parser.add_argument("--calls", type=int, default=DEFAULT_CALLS)
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    print(f"{replay(given.database_url, given.scale, given.calls)} calls played")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
