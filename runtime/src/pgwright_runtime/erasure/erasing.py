"""Erase a person, count what that would take, or erase again those of a list."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from sqlalchemy import Engine

from pgwright_runtime._running import run_on
from pgwright_runtime._secrets import Secrets, signing_keys
from pgwright_runtime.erasure.attempt import (
    ErasureAttempt,
    Told,
    attempt,
    erase_one,
    read_graph,
    returned_persons,
    transaction,
    unserved,
)
from pgwright_runtime.erasure.declaration import Erasure
from pgwright_runtime.erasure.ledger import ErasedList
from pgwright_runtime.erasure.outcome import ErasureOutcome
from pgwright_runtime.erasure.stops import Stop

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Key = str | int | UUID | Sequence[Any]
"""The person's primary key; of several columns, a sequence of their values."""
# One transaction: a person is gone or is not, and what is refused meanwhile is refused until then. Beyond this many
# rows it would hold back vacuum, and the disk its WAL, for longer than a minute or so.
MOST_ROWS = 2_000_000


@overload
def erase(
    engine: Engine, erasure: Erasure, key: Key, *, secret: Secrets, erased_list: ErasedList | None = ...,
    allow_scan: bool = ..., most_rows: int = ..., progress: Told | None = ...,
) -> ErasureOutcome: ...  # fmt: skip
@overload
def erase(
    engine: AsyncEngine, erasure: Erasure, key: Key, *, secret: Secrets, erased_list: ErasedList | None = ...,
    allow_scan: bool = ..., most_rows: int = ..., progress: Told | None = ...,
) -> Coroutine[Any, Any, ErasureOutcome]: ...  # fmt: skip
def erase(
    engine: Engine | AsyncEngine,
    erasure: Erasure,
    key: Key,
    *,
    secret: Secrets,
    erased_list: ErasedList | None = None,
    allow_scan: bool = False,
    most_rows: int = MOST_ROWS,
    progress: Told | None = None,
) -> Any:
    """Erase a person in one transaction; of an async engine, await it.

    Args:
        engine: its role sees all rows and may change them.
        key: of the person's row.
        secret: hashes the key for the list of erased persons; the same secret signs reports.
        erased_list: a file that gets the person's hash before the commit. None: only the table in the database, if
            `op.create_erased_persons()` made it.
        allow_scan: read a table whole where no index leads to the person's rows.
        most_rows: nothing is erased if there are more.
        progress: told what is being done.
    Returns: The counts. "already erased" where nothing was left to do, "not found" where no list knows the person.
    Raises:
        ErasureStopped: something stands in the way; its `outcome.stops` has the lines that answer it.
        ErasureFailed: others hold rows of the person for longer than 10 s, or the database keeps rows from going.
        ValueError: the key, the secret, the subject or a link is no such thing.
    """
    signing_keys(secret)
    order = ErasureAttempt(
        erasure, _key(key), secret, erased_list, allow_scan, most_rows, progress or silent, is_dry=False
    )
    return run_on(engine, lambda sync, _: erase_one(sync, order))


@overload
def preview(
    engine: Engine, erasure: Erasure, key: Key, *, secret: Secrets | None = ..., allow_scan: bool = ...,
    most_rows: int = ..., progress: Told | None = ...,
) -> ErasureOutcome: ...  # fmt: skip
@overload
def preview(
    engine: AsyncEngine, erasure: Erasure, key: Key, *, secret: Secrets | None = ..., allow_scan: bool = ...,
    most_rows: int = ..., progress: Told | None = ...,
) -> Coroutine[Any, Any, ErasureOutcome]: ...  # fmt: skip
def preview(
    engine: Engine | AsyncEngine,
    erasure: Erasure,
    key: Key,
    *,
    secret: Secrets | None = None,
    allow_scan: bool = False,
    most_rows: int = MOST_ROWS,
    progress: Told | None = None,
) -> Any:
    """Count exactly what `erase` would do, in a transaction that can write nothing; of an async engine, await it.

    Returns: The counts, or with the status "stopped" what stands in the way.
    Raises: ValueError, as `erase`.
    """
    order = ErasureAttempt(erasure, _key(key), secret, None, allow_scan, most_rows, progress or silent, is_dry=True)
    return run_on(engine, lambda sync, _: attempt(sync, order)[0])


@overload
def examine(engine: Engine, erasure: Erasure, *, allow_scan: bool = ...) -> tuple[Stop, ...]: ...
@overload
def examine(
    engine: AsyncEngine, erasure: Erasure, *, allow_scan: bool = ...
) -> Coroutine[Any, Any, tuple[Stop, ...]]: ...
def examine(engine: Engine | AsyncEngine, erasure: Erasure, *, allow_scan: bool = False) -> Any:
    """Return what would stop the erasure of anybody: for a test of the app. Of an async engine, await it."""
    order = ErasureAttempt(erasure, (), None, None, allow_scan, MOST_ROWS, silent, is_dry=True)

    def look(sync: Engine, _: object) -> tuple[Stop, ...]:
        with transaction(sync, order) as connection:
            graph, stops = read_graph(connection, order)
            return (*stops, *unserved(connection, graph, order)[1]) if not stops else tuple(stops)

    return run_on(engine, look)


@overload
def replay(
    engine: Engine, erasure: Erasure, *, secret: Secrets, erased_list: ErasedList | None = ...,
    allow_scan: bool = ..., most_rows: int = ..., progress: Told | None = ...,
) -> list[ErasureOutcome]: ...  # fmt: skip
@overload
def replay(
    engine: AsyncEngine, erasure: Erasure, *, secret: Secrets, erased_list: ErasedList | None = ...,
    allow_scan: bool = ..., most_rows: int = ..., progress: Told | None = ...,
) -> Coroutine[Any, Any, list[ErasureOutcome]]: ...  # fmt: skip
def replay(
    engine: Engine | AsyncEngine,
    erasure: Erasure,
    *,
    secret: Secrets,
    erased_list: ErasedList | None = None,
    allow_scan: bool = False,
    most_rows: int = MOST_ROWS,
    progress: Told | None = None,
) -> Any:
    """Erase again whoever a restore has brought back: every person whose hash is in the list, one transaction each.

    It reads the keys of all persons. Run it before the restored database serves anybody; run again, it goes on.

    Returns: What was done, for each of them who had rows.
    Raises: as `erase`. OSError: the list cannot be read.
    """
    signing_keys(secret)
    given = ErasureAttempt(erasure, (), secret, erased_list, allow_scan, most_rows, progress or silent, is_dry=False)

    def again(sync: Engine, _: object) -> list[ErasureOutcome]:
        done = [erase_one(sync, replace(given, key=key)) for key in returned_persons(sync, given)]
        return [outcome for outcome in done if outcome.status == "erased"]

    return run_on(engine, again)


def _key(key: Key) -> tuple[str, ...]:
    several = key if isinstance(key, list | tuple) else (key,)
    return tuple(str(one) for one in several)


def silent(what: str) -> None:
    """Show no progress."""
