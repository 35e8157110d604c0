"""Start and stop an ASGI app, by its lifespan protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pgwright.errors import ProbeError
from pgwright.importing import told

# As uvicorn, we wait for the app to end; unlike it, not for ever.
_SHUTDOWN_SECONDS = 10.0


@asynccontextmanager
async def running(app: Any, name: str, timeout_s: float) -> AsyncIterator[dict[str, Any]]:
    """Run an app's lifespan around the block and give the state that its requests share.

    An app that does not know the protocol is taken as started, as servers do.
    Raises: ProbeError: its startup failed, or took longer than `timeout_s`.
    """
    state: dict[str, Any] = {}
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}

    async def live() -> None:
        await app(scope, inbox.get, outbox.put)

    task = asyncio.create_task(live())
    try:
        await inbox.put({"type": "lifespan.startup"})
        await _started(task, outbox, name, timeout_s)
        yield state
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        # What goes wrong at the end of an app changes nothing that was seen.
        await asyncio.wait([task], timeout=_SHUTDOWN_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _started(task: asyncio.Task[None], outbox: asyncio.Queue[dict[str, Any]], name: str, seconds: float) -> None:
    answer = asyncio.create_task(outbox.get())
    await asyncio.wait([task, answer], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    message = answer.result() if answer.done() else None
    answer.cancel()
    if message is None and not task.done():
        raise ProbeError(name, f"its startup took longer than {seconds:g} s", "Give it more: --timeout.")
    if message is not None and message["type"] == "lifespan.startup.failed":
        await asyncio.wait([task], timeout=1)
        error = task.exception() if task.done() and not task.cancelled() else None
        lines = str(message.get("message", "")).strip().splitlines()
        reason = told(error) if error else (lines[-1] if lines else "no reason told")
        raise ProbeError(name, f"its startup failed: {reason}", "Start the app by itself first.")
