"""The watchers of all servers: started by hand or by the first read; in another process or event loop once more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Lock

from pgwright_runtime._background import Runner
from pgwright_runtime.replicas.connections import Connections
from pgwright_runtime.replicas.servers import History, WatchedServer
from pgwright_runtime.replicas.settings import LOOK_TIMEOUT_S, ReplicaSettings
from pgwright_runtime.replicas.watching import HURRY_S, TICK_S, Watch, Watcher


class Watchers:
    """Keeps one watcher for each server, and looks after them."""

    def __init__(
        self,
        primary: WatchedServer,
        replicas: Sequence[WatchedServer],
        runner: Runner,
        settings: ReplicaSettings,
    ) -> None:
        self.primary, self.replicas, self.runner = primary, tuple(replicas), runner
        self._connections = [Connections(server, connect_s=settings.hang_s) for server in (primary, *replicas)]
        self._interval_s, self._hang_s = settings.interval_ms / 1_000, settings.hang_s
        self._history = History(keep_s=2 * settings.max_lag_s)
        self._watchers: list[Watcher] = []
        self._parents: list[Watcher] = []
        self._process = os.getpid()
        self._watch: Watch | None = None
        self._starting = Lock()
        self._is_ready = False

    def is_running(self) -> bool:
        return self._is_ready and self.runner.is_running()

    def start(self) -> None:
        """Look at every server, then go on in the background; nothing if that is under way.

        Raises: ServerRefused: a server is not what it was said to be. One that does not answer is no error.
        """
        with self._starting:
            if not self.runner.is_running():
                self._begin()
        watchers = self._watchers
        while not (self._is_ready or all(watcher.has_looked for watcher in watchers)):
            self.runner.pause(HURRY_S)
        refusal = next((watcher.refusal for watcher in watchers if watcher.refusal), None)
        if refusal is not None and not self._is_ready:
            self.stop()
            raise refusal
        self._is_ready = True

    def _begin(self) -> None:
        self._is_ready = False
        if self._process != os.getpid():
            # After a fork: their connections are the parent's, and are not to be collected here.
            self._parents, self._process = self._watchers, os.getpid()
        event, (of_primary, *of_replicas) = self.runner.event, self._connections
        self._watch = watch = Watch(self._history, event(), self._interval_s, self._hang_s)
        first = Watcher(of_primary, None, watch, event())
        watchers = self._watchers = [first, *(Watcher(each, first, watch, event()) for each in of_replicas)]

        def supervise() -> None:
            while not watch.stopped.is_set():
                watch.stopped.wait(TICK_S)
                for each in watchers:
                    each.tick()

        self.runner.start([supervise, *(each.run for each in watchers)], self.stop)

    def stop(self) -> None:
        """End the watch, and close its connections."""
        self._is_ready = False
        if self._watch is None or self._process != os.getpid():
            return
        self._watch.stopped.set()
        for watcher in self._watchers:
            watcher.stop()
        self.runner.join(LOOK_TIMEOUT_S)

    def hurry(self) -> None:
        """Let replicas be looked at soon: somebody is waiting for one."""
        for watcher in self._watchers[1:]:
            watcher.hurry()
