"""Refreshes the dashboard while it is read; run it as often as its age may grow.

python -m fleet.after.dashboard
"""

from __future__ import annotations

import argparse
import asyncio
import os

from sqlalchemy import URL, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fleet.address import to_url
from pgwright_runtime import create_async_engine

# Longer than a request may take: a refresh reads all deliveries.
_TIMEOUT = text("SET LOCAL statement_timeout = '15min'")


async def refresh(engine: AsyncEngine) -> bool:
    """Refresh the dashboard of all organizations; False: another refresh is running, and this one was not needed.

    Args:
        engine: on the primary, and bound to no tenant.
    """
    async with engine.begin() as connection:
        await connection.execute(_TIMEOUT)
        return bool(await connection.scalar(select(func.refresh_delivery_dashboard())))


async def _refresh_once(url: str | URL) -> bool:
    engine = create_async_engine(to_url(url, "asyncpg"), pool_size=1, max_overflow=0, application_name="fleet-refresh")
    try:
        return await refresh(engine)
    finally:
        await engine.dispose()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet.after.dashboard", description="Refresh the dashboard.")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    print("refreshed" if asyncio.run(_refresh_once(given.database_url)) else "a refresh is running already")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
