"""What type checkers make of breakers and of transactions as functions; mypy reads it, nobody runs it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime.resilience import Breaker, Isolation, State, run_transaction, time_left

breaker = Breaker("mail")
assert_type(breaker.state, State)
assert_type(time_left(), float | None)


@breaker
def send(text: str) -> int:
    return len(text)


@breaker
async def async_send(text: str) -> int:
    return len(text)


class OwnSession(Session): ...


def work(session: Session) -> int:
    return 1


def own_work(session: OwnSession) -> str:
    return ""


async def async_work(session: AsyncSession) -> int:
    return 1


def refused(engine: Engine, async_engine: AsyncEngine) -> None:
    """Not called: there is no such level, and a sync function does not suit an async engine."""
    run_transaction(engine, work, isolation="SNAPSHOT")  # type: ignore[call-overload]
    run_transaction(async_engine, work)  # type: ignore[arg-type, unused-coroutine]


async def run(engine: Engine, async_engine: AsyncEngine, maker: sessionmaker[OwnSession]) -> None:
    assert_type(send("a"), int)
    assert_type(await async_send("a"), int)
    assert_type(run_transaction(engine, work), int)
    assert_type(run_transaction(maker, own_work, isolation="SERIALIZABLE"), str)
    begun: Coroutine[Any, Any, int] = run_transaction(async_engine, async_work)
    assert_type(await begun, int)
    made = async_sessionmaker(async_engine)
    assert_type(await run_transaction(made, async_work, isolation=Isolation("READ COMMITTED", read_only=True)), int)
