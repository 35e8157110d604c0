"""What runs beside an app: in threads beside sync engines, in tasks beside async ones; its code is the same, and sync.

In a task it runs in a greenlet, as SQLAlchemy's own code does, and awaits where a thread would block.
"""

from __future__ import annotations

import asyncio
import atexit
import codecs
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Protocol

from sqlalchemy.util import await_only, greenlet_spawn

# What looks a host up encodes its name by this, in threads too. A process that is forked while one of them imports it
# would never have it.
codecs.lookup("idna")


class Event(Protocol):
    """As `threading.Event`."""

    def set(self) -> None: ...
    def clear(self) -> None: ...
    def is_set(self) -> bool: ...
    def wait(self, timeout: float) -> object: ...


class Runner(Protocol):
    """Runs functions in the background, in a context of their own."""

    def event(self) -> Event: ...

    def start(self, functions: Sequence[Callable[[], None]], stop: Callable[[], None]) -> None:
        """Run them until `stop`, which is called when the interpreter exits, unless `join` was called before."""

    def is_running(self) -> bool: ...

    def join(self, seconds: float) -> None:
        """Wait for their end, but not for long."""

    def pause(self, seconds: float) -> None:
        """Let others run."""


class Threads:
    """Daemon threads, for sync engines."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._stop: Callable[[], None] | None = None

    def event(self) -> Event:
        return threading.Event()

    def start(self, functions: Sequence[Callable[[], None]], stop: Callable[[], None]) -> None:
        self._threads = [
            threading.Thread(target=Context().run, args=[each], name="pgwright", daemon=True) for each in functions
        ]
        for thread in self._threads:
            thread.start()
        # A daemon thread that writes to a log while the interpreter shuts down can bring that down.
        self._stop = stop
        atexit.register(stop)

    def is_running(self) -> bool:
        # A forked child has none of its parent's threads.
        return bool(self._threads) and self._threads[0].is_alive()

    def join(self, seconds: float) -> None:
        if self._stop is not None:
            atexit.unregister(self._stop)
        deadline = time.monotonic() + seconds
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


class Tasks:
    """Tasks of the event loop that they are started in, for async engines."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def event(self) -> Event:
        return _TaskEvent()

    def start(self, functions: Sequence[Callable[[], None]], stop: Callable[[], None]) -> None:
        # The request that begins the watch is not its owner: nothing of its context, as its tenant, is for us.
        self._tasks = [asyncio.create_task(greenlet_spawn(each), context=Context()) for each in functions]

    def is_running(self) -> bool:
        # They end with their event loop, too, as between two tests.
        return bool(self._tasks) and not self._tasks[0].done()

    def join(self, seconds: float) -> None:
        tasks, self._tasks = self._tasks, []
        await_only(self._join(tasks, seconds))

    async def _join(self, tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
        if tasks:
            _, running = await asyncio.wait(tasks, timeout=seconds)
            for task in running:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pause(self, seconds: float) -> None:
        await_only(asyncio.sleep(seconds))


class _TaskEvent(asyncio.Event):
    def wait(self, timeout: float) -> object:  # type: ignore[override]
        return await_only(self._wait(timeout))

    async def _wait(self, timeout: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await super().wait()
