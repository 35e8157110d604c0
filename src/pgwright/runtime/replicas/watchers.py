"""The watchers of all servers: started once for each event loop, by hand or by the first read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context

from pgwright.runtime.replicas.servers import History, Server
from pgwright.runtime.replicas.watching import Watcher


class Watchers:
    """Keeps one task for each server."""

    def __init__(self, primary: Server, replicas: Sequence[Server], *, interval_s: float, max_lag_s: float) -> None:
        self.primary, self.replicas = primary, tuple(replicas)
        history = History(keep_s=2 * max_lag_s)
        self._first = Watcher(primary, history, interval_s, None)
        self._others = [Watcher(replica, history, interval_s, self._first) for replica in self.replicas]
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()

    def is_running(self) -> bool:
        # The tasks end with their event loop, too, as between two tests.
        return bool(self._tasks) and not self._tasks[0].done()

    async def start(self) -> None:
        """Look at every server, then go on in the background; nothing if that is under way.

        Raises: ServerRefused: a server is not what it was said to be. One that does not answer is no error.
        """
        async with self._starting:
            if self.is_running():
                return
            watchers = [self._first, *self._others]
            try:
                # The primary first: replicas are compared with it.
                await self._first.look()
                await asyncio.gather(*(watcher.look() for watcher in self._others))
                for watcher in watchers:
                    if watcher.refusal:
                        raise watcher.refusal
            except BaseException:
                await asyncio.gather(*(watcher.disconnect() for watcher in watchers))
                raise
            # The request that begins the watch is not its owner: nothing of its context, as its tenant, is for us.
            self._tasks = [asyncio.create_task(watcher.watch(), context=Context()) for watcher in watchers]

    async def stop(self) -> None:
        """End the tasks, and close their connections."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hurry(self) -> None:
        """Let replicas be looked at soon: somebody is waiting for one."""
        for watcher in self._others:
            watcher.hurry()
