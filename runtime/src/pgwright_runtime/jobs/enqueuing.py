"""Enqueue jobs, and bring dead ones back, in the caller's transaction: what it does not commit never was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, Steps, run
from pgwright_runtime.jobs.mixin import JobMixin
from pgwright_runtime.jobs.queue import queue_of


@overload
def enqueue(session: AnyAsyncSession, *jobs: JobMixin) -> Awaited[None]: ...
@overload
def enqueue(session: AnySession, *jobs: JobMixin) -> None: ...
def enqueue(session: AnyAsyncSession | AnySession, *jobs: JobMixin) -> Awaited[None] | None:
    """Add jobs, and wake the workers when the transaction commits; of an async session, await it.

    Jobs that are only added, by `session.add` or by another program, are found when a worker polls next.
    """
    session.add_all(jobs)
    return run(session, _announce({type(job) for job in jobs}))


@overload
def requeue(session: AnyAsyncSession, model: type[JobMixin], ids: Sequence[Any]) -> Awaited[int]: ...
@overload
def requeue(session: AnySession, model: type[JobMixin], ids: Sequence[Any]) -> int: ...
def requeue(session: AnyAsyncSession | AnySession, model: type[JobMixin], ids: Sequence[Any]) -> Awaited[int] | int:
    """Let dead jobs be tried again, with all their attempts; return how many of them were dead."""
    return run(session, _requeue(model, ids))


def _announce(models: set[type[JobMixin]]) -> Steps[None]:
    for model in models:
        yield queue_of(model).announce


def _requeue(model: type[JobMixin], ids: Sequence[Any]) -> Steps[int]:
    found = (yield queue_of(model).requeueing(ids)).all()
    yield queue_of(model).announce
    return len(found)
