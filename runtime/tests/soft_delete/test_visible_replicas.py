"""Engines that hide deleted rows, as the primary and its replica."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime.replicas import AsyncReplicas
from pgwright_runtime.soft_delete import SoftDelete, hide_deleted
from runtime.tests.support.replica_servers import SECRET, Engines, engines, patient, primary, replica

__all__ = ["engines", "primary", "replica"]  # fixtures


class Base(DeclarativeBase):
    pass


class Memo(SoftDelete, Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


async def test_a_replica_hides_what_was_deleted_on_the_primary(engines: Engines) -> None:
    async with engines.primary.begin() as connection:
        await connection.execute(text("ALTER TABLE notes ADD COLUMN IF NOT EXISTS deleted_at timestamptz"))
    servers = [hide_deleted(engines.primary), hide_deleted(engines.replica)]
    async with AsyncReplicas(servers[0], servers[1:], secret=SECRET, settings=patient()) as replicas:
        with replicas.caller():
            async with replicas.session() as session:
                session.add(memo := Memo(text="short"))
                await session.commit()
            async with replicas.read_session() as session:
                assert await session.get(Memo, memo.id) is not None
            async with replicas.session() as session:
                gone = datetime.now(UTC)
                await session.execute(update(Memo).where(Memo.id == memo.id).values(deleted_at=gone))
                await session.commit()
            async with asyncio.timeout(30):
                while not await _is_hidden_on_a_replica(replicas, memo.id):
                    await asyncio.sleep(0.05)


async def _is_hidden_on_a_replica(replicas: AsyncReplicas, memo_id: int) -> bool:
    """Return whether a replica answered; the primary does for one that is behind. Nobody shows the memo."""
    async with replicas.read_session() as session:
        assert await session.get(Memo, memo_id) is None
        return bool(await session.scalar(text("SELECT pg_is_in_recovery()")))
