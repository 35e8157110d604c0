"""Doctors on call, of whom one has to stay: the classic of write skew; sync and async transactions alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.resilience import run_transaction
from tests.support.database import Database

TABLE = """
CREATE TABLE doctors (id int PRIMARY KEY, on_call bool NOT NULL, calls int NOT NULL DEFAULT 0);
INSERT INTO doctors VALUES (1, true), (2, true)
"""


class Base(DeclarativeBase):
    pass


class Doctor(Base):
    __tablename__ = "doctors"
    id: Mapped[int] = mapped_column(primary_key=True)
    on_call: Mapped[bool]
    calls: Mapped[int] = mapped_column(default=0)


Job = Callable[[Session], Any]
"""What a transaction does; an async one does it by `run_sync`."""
AnyEngine = Engine | AsyncEngine


def engine_of(url: str, driver: str, **options: Any) -> AnyEngine:
    address = url.replace("postgresql:", f"postgresql+{driver.removesuffix(' sync')}:")
    make: Any = create_engine if driver.endswith("sync") else create_async_engine
    return cast("AnyEngine", make(address, **options))


async def transact(engine: Any, job: Job, **options: Any) -> Any:
    """Run a job by `run_transaction`, for a sync engine in a thread."""
    if isinstance(engine, AsyncEngine):

        async def work(session: AsyncSession) -> Any:
            return await session.run_sync(job)

        return await run_transaction(engine, work, **options)
    return await asyncio.to_thread(lambda: run_transaction(engine, job, **options))


async def dispose(engine: AnyEngine) -> None:
    if isinstance(engine, AsyncEngine):
        await engine.dispose()
    else:
        engine.dispose()


def on_call(database: Database) -> int:
    return int(str(database.rows("SELECT count(*) FROM doctors WHERE on_call")[0][0]))


def leave(session: Session, number: int, wait: Callable[[], object]) -> bool:
    """Let a doctor go if another one stays."""
    stays = session.scalar(select(func.count()).select_from(Doctor).where(Doctor.on_call)) or 0
    wait()
    if stays < 2:
        return False
    session.get_one(Doctor, number).on_call = False
    return True
