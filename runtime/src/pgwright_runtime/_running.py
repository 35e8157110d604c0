"""Sync code for either kind of engine: run as it is, or in a greenlet that awaits where a thread would block."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sqlalchemy import Engine
from sqlalchemy.util import await_only, greenlet_spawn

from pgwright_runtime._alchemy_compiler import unfiltered

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
Sleep = Callable[[float], None]
"""Waits for some seconds: `time.sleep`, or the event loop's in a greenlet."""
Job = Callable[[Engine, Sleep], T]
"""Sync code on a sync engine; it waits by what it is given, never by `time.sleep`."""


@overload
def run_on(engine: Engine, job: Job[T]) -> T: ...
@overload
def run_on(engine: AsyncEngine, job: Job[T]) -> Coroutine[Any, Any, T]: ...
@overload
def run_on(engine: Engine | AsyncEngine, job: Job[T]) -> T | Coroutine[Any, Any, T]: ...
def run_on(engine: Engine | AsyncEngine, job: Job[T]) -> T | Coroutine[Any, Any, T]:
    """Run a job and return what it returns; of an async engine, await it.

    The job sees all rows, on an engine that hides deleted ones, too.
    """
    if isinstance(engine, Engine):
        return job(unfiltered(engine), time.sleep)
    return greenlet_spawn(job, unfiltered(engine.sync_engine), lambda seconds: await_only(asyncio.sleep(seconds)))
