"""Refreshes the materialized views that are due, while they are read: put it into cron, each minute.

python -m fleet.after.dashboard

It connects as the owner of the views, who sees the rows of all tenants; the app's own role cannot refresh them.
"""

from __future__ import annotations

import argparse
import asyncio
import os

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from fleet.address import to_url
from fleet.after.models import Base
from pgwright_runtime import create_async_engine
from pgwright_runtime.materialized import RefreshResult, refresh_due


async def refresh(engine: AsyncEngine) -> list[RefreshResult]:
    """Refresh what is due for all organizations, and return what became of each view.

    Args:
        engine: on the primary, as the owner of the views, and bound to no tenant.
    """
    return await refresh_due(engine, Base.metadata)


async def _refresh_once(url: str | URL) -> list[RefreshResult]:
    engine = create_async_engine(to_url(url, "asyncpg"), pool_size=1, max_overflow=0, application_name="fleet-refresh")
    try:
        return await refresh(engine)
    finally:
        await engine.dispose()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fleet.after.dashboard", description="Refresh the views that are due."
    )
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    results = asyncio.run(_refresh_once(given.database_url))
    for result in results:
        print(f"{result.view}: {result.outcome} {result.error}".rstrip())
    return 1 if any(result.outcome == "failed" for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
