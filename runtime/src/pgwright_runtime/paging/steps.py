"""One core for sync and async: it yields statements and receives results; the session executes them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from sqlalchemy import Executable, Result
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

T = TypeVar("T")
Steps = Generator[Executable, Result[*tuple[Any, ...]], T]


async def run(session: AsyncSession, steps: Steps[T]) -> T:
    """Execute the steps one after the other and return what they return."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await session.execute(statement))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def run_sync(session: Session, steps: Steps[T]) -> T:
    """`run` for a sync session."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(session.execute(statement))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
