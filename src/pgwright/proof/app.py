"""The app's own operations on both copies: time, number of statements, and the same result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pgwright.errors import ProofError
from pgwright.model.progress import Progress
from pgwright.model.proof import FailedOperation, MeasuredOperation
from pgwright.proof.conversions import Conversion, explains
from pgwright.proof.operations import Operation
from pgwright.proof.results import alike, canonical
from pgwright.proof.timing import ROUNDS, Rounds, measure_in_turn
from pgwright_runtime import count_statements

Measured = tuple[tuple[MeasuredOperation, ...], tuple[FailedOperation, ...]]
SideName = Literal["before", "after"]


def measure_operations(
    operations: Sequence[Operation],
    before: str,
    after: str,
    *,
    rounds: int = ROUNDS,
    conversions: Sequence[Conversion] = (),
    progress: Progress,
) -> Measured:
    """Run each operation on both copies in turn; return those that were measured and those that failed.

    Args:
        conversions: the columns whose type the fix changes, which may be why an operation fails after it.
    Raises: ProofError: an event loop runs in this thread.
    """
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise ProofError(
            "an event loop runs in this thread, and the operations need one of their own. "
            "Call it in another thread: await asyncio.to_thread(pgwright.prove, …)"
        )
    return asyncio.run(_measure_all(operations, before, after, rounds, conversions, progress))


async def _measure_all(
    operations: Sequence[Operation],
    before: str,
    after: str,
    rounds: int,
    conversions: Sequence[Conversion],
    progress: Progress,
) -> Measured:
    measured: list[MeasuredOperation] = []
    failed: list[FailedOperation] = []
    for number, operation in enumerate(operations):
        progress("operations", number, len(operations))
        try:
            measured.append(await _measure(operation, before, after, rounds))
        except _Failed as error:
            remedy = explains(conversions, error.reason) if error.side == "after" else ""
            failed.append(FailedOperation(operation.name, error.side, error.reason, remedy))
    return tuple(measured), tuple(failed)


async def _measure(operation: Operation, before: str, after: str, wanted: int) -> MeasuredOperation:
    old, new = _Side(operation, "before", before), _Side(operation, "after", after)
    rounds = Rounds(wanted)
    try:
        equal = alike(canonical(await old.call()), canonical(await new.call()))
        counted = await old.count(), await new.count()
        await measure_in_turn(old.call, new.call, rounds)
    finally:
        await old.close()
        await new.close()
    return MeasuredOperation(operation.name, *rounds.timings, *counted, equal, rounds.verdict(results_equal=equal))


class _Failed(Exception):
    """An operation raised an error."""

    def __init__(self, side: SideName, reason: str) -> None:
        self.side, self.reason = side, reason
        super().__init__(reason)


class _Side:
    """One operation against one copy, over an engine of its own."""

    def __init__(self, operation: Operation, side: SideName, dsn: str) -> None:
        self._side = side
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
        except Exception as error:  # whatever somebody else's code raises
            raise _Failed(self._side, _said(error)) from error

    async def count(self) -> int:
        with count_statements(self._engine) as counted:
            await self.call()
        return counted.count

    async def close(self) -> None:
        if isinstance(self._engine, AsyncEngine):
            await self._engine.dispose()
        else:
            self._engine.dispose()


def _said(error: Exception) -> str:
    """Return what an error says, on one line: SQLAlchemy's repeats the statement, and its parameters."""
    own: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cause = own.__cause__ if isinstance(error, DBAPIError) and own.__cause__ is not None else own
    first = (str(cause).strip().splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first}" if first else type(cause).__name__


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
