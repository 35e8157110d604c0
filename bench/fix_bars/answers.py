"""What an app answers as it was: each operation, and the first rows of each of its models. A process of its own.

`python answers.py APP`, with the app's folder first among the folders of modules, and its database in DATABASE_URL.
Values are written as Python does, so that `'…'` and `UUID('…')` differ.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib import import_module
from typing import Any

from sqlalchemy import String, cast, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

ROWS = 50


async def answers(app: str, url: str) -> dict[str, str]:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    operations = import_module(f"{app}.operations").OPERATIONS
    models = import_module(f"{app}.before.models")
    try:
        found = {one.name: repr(await one.before(engine)) for one in operations}
        for mapper in models.Base.registry.mappers:
            found[f"rows of {mapper.class_.__name__}"] = repr(await _rows(engine, mapper))
    finally:
        await engine.dispose()
    return found


async def _rows(engine: AsyncEngine, mapper: Any) -> list[dict[str, object]]:
    # As text, the order is the same whatever type the key has.
    order = [cast(key, String) for key in mapper.primary_key]
    async with AsyncSession(engine) as session:
        rows = await session.scalars(select(mapper.class_).order_by(*order).limit(ROWS))
        return [{one.key: getattr(row, one.key) for one in mapper.column_attrs} for row in rows]


if __name__ == "__main__":
    json.dump(asyncio.run(answers(sys.argv[1], os.environ["DATABASE_URL"])), sys.stdout)
