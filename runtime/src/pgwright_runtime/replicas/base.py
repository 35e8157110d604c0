"""What sync and async replicas have in common: all but how a session is entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime.replicas.callers import Callers
from pgwright_runtime.replicas.router import Router, RoutingMetrics
from pgwright_runtime.replicas.running import Runner
from pgwright_runtime.replicas.servers import Server
from pgwright_runtime.replicas.tokens import check_secret
from pgwright_runtime.replicas.transcripts import listen
from pgwright_runtime.replicas.watchers import Watchers
from pgwright_runtime.replicas.watching import LOOK_TIMEOUT_S

E = TypeVar("E", Engine, AsyncEngine)

# Between the moment of a write and the replicas' lag there are: a late look, the WAL writer (0.6 s with
# synchronous_commit = off), and clocks of several machines.
_MARGIN_S = 10.0


class BaseReplicas(Generic[E]):
    """A primary and its streaming replicas.

    One engine is one server: an address that spreads connections over several will not do, for the position of one
    says nothing about the other. Each server is watched on one connection beside the pool's.

    Args:
        primary: takes the writes, and the reads that no replica may answer.
        replicas: of the primary, in any order; none: the primary answers all.
        secret: signs tokens; at least 16 bytes, the same in all processes.
        wait_ms: how long a read waits for a replica to replay the caller's write, milliseconds.
        max_lag_s: a replica further behind the primary answers nobody, seconds.
        hang_s: the connections of a replica that keeps silent for so long are ended, and what waits for it goes
            elsewhere, seconds; also the default of how long opening a connection to it may take; at least 1.
        remember_s: for how long a write is remembered, seconds; more than `max_lag_s` by 10 at least, for after that
            time every replica in use has it.
        interval_ms: between two looks at a server, milliseconds.
        session_options: for each session; `expire_on_commit` is off unless said otherwise.
    Raises: ValueError: a parameter is out of its range.
    """

    _runner: ClassVar[type[Runner]]

    def __init__(
        self,
        primary: E,
        replicas: Sequence[E],
        *,
        secret: bytes,
        wait_ms: float = 50,
        max_lag_s: float = 10,
        hang_s: float = 5,
        remember_s: float = 60,
        interval_ms: float = 100,
        session_options: Mapping[str, Any] | None = None,
    ) -> None:
        check_secret(secret)
        if wait_ms < 0 or max_lag_s <= 0 or interval_ms <= 0:
            raise ValueError("wait_ms is at least 0, max_lag_s and interval_ms are more than 0")
        if hang_s < LOOK_TIMEOUT_S:
            raise ValueError(f"hang_s is {hang_s:g}, but has to be {LOOK_TIMEOUT_S:g} at least")
        if remember_s < max_lag_s + _MARGIN_S:
            raise ValueError(f"remember_s is {remember_s:g}, but has to exceed max_lag_s by {_MARGIN_S:g} at least")
        self.remember_s = remember_s
        self._primary: E = primary
        self._callers = Callers(secret, remember_s)
        self._watchers = Watchers(
            _server("the primary", primary, interval_ms, is_primary=True),
            [_server(f"replica {number}", engine, interval_ms) for number, engine in enumerate(replicas, start=1)],
            self._runner(),
            interval_s=interval_ms / 1_000,
            max_lag_s=max_lag_s,
            hang_s=hang_s,
        )
        self._router = Router(self._watchers, self._callers, wait_ms=wait_ms, max_lag_s=max_lag_s)
        self._options = {"expire_on_commit": False, **(session_options or {})}

    def caller(self, *tokens: str) -> AbstractContextManager[object]:
        """Let the block be a caller of its own, as a job: its reads show its writes, and those of the tokens.

        The middleware does it for each request. A token that was not made here is no error: reads go to the primary.
        """
        return self._callers.enter(tokens)

    def token(self) -> str | None:
        """Return what the next request, or a job, has to bring to read the caller's writes; None: it wrote nothing."""
        return self._callers.token()

    def metrics(self) -> RoutingMetrics:
        """Return counters since the start, and each replica's health and lag."""
        return self._router.metrics()


def _server(name: str, engine: Engine | AsyncEngine, interval_ms: float, *, is_primary: bool = False) -> Server:
    own = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    listen(own)
    # A replica is READ ONLY by itself. If it were told, psycopg's connections would begin with READ WRITE afterwards,
    # which a replica refuses.
    options = {"postgresql_readonly": True}
    reading = own.execution_options(**options) if is_primary else own
    address = own.url.render_as_string(hide_password=True)
    # A look may take its full time, and one more interval may pass until it begins.
    silence_s = LOOK_TIMEOUT_S + 2 * interval_ms / 1_000
    return Server(f"{name} ({address})", own, reading, is_primary, silence_s=silence_s)
