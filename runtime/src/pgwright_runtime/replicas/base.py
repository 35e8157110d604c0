"""What sync and async replicas have in common: all but how a session is entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime._background import Runner
from pgwright_runtime._secrets import Secrets, signing_keys
from pgwright_runtime.replicas.callers import Callers
from pgwright_runtime.replicas.router import Router, RoutingMetrics
from pgwright_runtime.replicas.servers import WatchedServer
from pgwright_runtime.replicas.settings import LOOK_TIMEOUT_S, ReplicaSettings
from pgwright_runtime.replicas.transcripts import listen
from pgwright_runtime.replicas.watchers import Watchers

E = TypeVar("E", Engine, AsyncEngine)

_DEFAULTS = ReplicaSettings()


class BaseReplicas(Generic[E]):
    """A primary and its replicas, without the sessions; see `Replicas` and `AsyncReplicas`."""

    _runner: ClassVar[type[Runner]]

    def __init__(
        self,
        primary: E,
        replicas: Sequence[E],
        *,
        secret: Secrets,
        settings: ReplicaSettings = _DEFAULTS,
        session_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.settings = settings
        self._primary: E = primary
        self._callers = Callers(signing_keys(secret), settings.remember_s)
        interval_ms = settings.interval_ms
        self._watchers = Watchers(
            _server("the primary", primary, interval_ms, is_primary=True),
            [_server(f"replica {number}", engine, interval_ms) for number, engine in enumerate(replicas, start=1)],
            self._runner(),
            settings,
        )
        self._router = Router(self._watchers, self._callers, settings)
        self._options = {"expire_on_commit": False, **(session_options or {})}

    def caller(self, *tokens: str | None) -> AbstractContextManager[object]:
        """Let the block be a caller of its own, as a job: its reads show its writes, and those of the tokens.

        The middleware does it for each request. A token that was not made here is no error: reads go to the primary.
        None, which `token()` gives where nothing was written, is as no token.
        """
        return self._callers.enter(tokens)

    def token(self) -> str | None:
        """Return what the next request, or a job, has to bring to read the caller's writes; None: it wrote nothing."""
        return self._callers.token()

    def metrics(self) -> RoutingMetrics:
        """Return counters since the start, and each replica's health and lag."""
        return self._router.metrics()


def _server(name: str, engine: Engine | AsyncEngine, interval_ms: float, *, is_primary: bool = False) -> WatchedServer:
    own = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    listen(own)
    # A replica is READ ONLY by itself. If it were told, psycopg's connections would begin with READ WRITE afterwards,
    # which a replica refuses.
    options = {"postgresql_readonly": True}
    reading = own.execution_options(**options) if is_primary else own
    address = own.url.render_as_string(hide_password=True)
    # A look may take its full time, and one more interval may pass until it begins.
    silence_s = LOOK_TIMEOUT_S + 2 * interval_ms / 1_000
    return WatchedServer(f"{name} ({address})", own, reading, is_primary, silence_s=silence_s)
