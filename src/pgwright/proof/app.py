"""The app's own operations on both copies: time, number of statements, and the same result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pgwright.errors import ProofError
from pgwright.model.progress import Progress
from pgwright.model.proof import MeasuredOperation
from pgwright.proof.operations import Operation
from pgwright.proof.results import canonical
from pgwright.proof.timing import ROUNDS, is_settled, measure_in_turn, verdict
from pgwright_runtime import count_statements


def measure_operations(
    operations: Sequence[Operation], before: str, after: str, *, rounds: int = ROUNDS, progress: Progress
) -> tuple[MeasuredOperation, ...]:
    """Run each operation on both copies in turn.

    Raises: ProofError: an operation failed, or an event loop runs in this thread.
    """
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise ProofError(
            "an event loop runs in this thread, and the operations need one of their own. "
            "Call it in another thread: await asyncio.to_thread(pgwright.prove, …)"
        )
    return asyncio.run(_measure_all(operations, before, after, rounds, progress))


async def _measure_all(
    operations: Sequence[Operation], before: str, after: str, rounds: int, progress: Progress
) -> tuple[MeasuredOperation, ...]:
    measured = []
    for number, operation in enumerate(operations):
        progress("operations", number, len(operations))
        old, new = _Side(operation, "before", before), _Side(operation, "after", after)
        try:
            equal = canonical(await old.call()) == canonical(await new.call())
            counted = await old.count(), await new.count()
            for count in (rounds, 2 * rounds):
                timings = await measure_in_turn(old.call, new.call, count)
                said = verdict(*timings, results_equal=equal)
                if is_settled(*timings, said):
                    break
        finally:
            await old.close()
            await new.close()
        measured.append(MeasuredOperation(operation.name, *timings, *counted, equal, said))
    return tuple(measured)


class _Side:
    """One operation against one copy, over an engine of its own."""

    def __init__(self, operation: Operation, side: Literal["before", "after"], dsn: str) -> None:
        self._name, self._side = operation.name, side
        self._function: Callable[[Any], Any] = operation.before if side == "before" else operation.after
        self._engine: Engine | AsyncEngine
        if operation.is_async:
            self._engine = create_async_engine(_url(dsn, "postgresql+asyncpg"), pool_size=2)
        else:
            self._engine = create_engine(_url(dsn, "postgresql+psycopg"), pool_size=2)

    async def call(self) -> object:
        try:
            result = self._function(self._engine)
            return await result if isinstance(result, Awaitable) else result
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise ProofError(f"operation {self._name!r} failed on the copy {self._side!r}: {said}") from error

    async def count(self) -> int:
        with count_statements(self._engine) as counted:
            await self.call()
        return counted.count

    async def close(self) -> None:
        if isinstance(self._engine, AsyncEngine):
            await self._engine.dispose()
        else:
            self._engine.dispose()


def _url(dsn: str, driver: str) -> URL:
    known = conninfo_to_dict(dsn)
    host = str(known.get("host") or "")
    is_socket = host.startswith("/")
    return URL.create(
        driver,
        username=str(known["user"]) if known.get("user") else None,
        password=str(known["password"]) if known.get("password") else None,
        host=None if is_socket else host or None,
        port=int(str(known["port"])) if known.get("port") else None,
        database=str(known["dbname"]) if known.get("dbname") else None,
        query={"host": host} if is_socket else {},
    )
