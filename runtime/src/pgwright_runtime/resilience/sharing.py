"""What processes tell each other of their breakers, by Redis or Valkey. No call waits for it.

An open breaker is a key that ends with its pause. A thread writes those of this process, and looks for all.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any

from pgwright_runtime import metrics
from pgwright_runtime._answering import Answering
from pgwright_runtime._background import Threads
from pgwright_runtime.resilience.circuit import Circuit, Outcome, State

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    from pgwright_runtime._redis_clients import redis_client
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "redis":
        raise
    raise ImportError("shared breakers need redis-py. Run: pip install 'pgwright-runtime[resilience]'") from error

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_log = logging.getLogger("pgwright.resilience")


class RedisSharing:
    """Lets the processes of an app share what their breakers found out; give one to all breakers of a process.

    When one process opens a breaker, the others open theirs at their next look, and each probes for itself. One that
    has had an answer since does not: what failed may be the other's own way there. Where Redis is lost, each process
    is on its own.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        namespace: keeps apart apps that share a server; all processes of one have the same.
        poll_s: how often this process looks.
        options: for redis-py's connections, as `ssl_ca_certs`.
    Raises: ValueError: the URL, a time or an option is wrong.
    """

    def __init__(self, url: str, *, namespace: str = "app", poll_s: float = 0.5, **options: Any) -> None:
        if poll_s <= 0:
            raise ValueError(f"poll_s is more than 0 seconds, not {poll_s!r}")
        self._namespace, self._prefix, self._poll_s = namespace, f"{{pgwright:{namespace}}}:breaker:", poll_s
        self._answering = Answering(_log, "the server of shared breakers", "each process is on its own")
        limits = {"socket_timeout": poll_s, "socket_connect_timeout": poll_s, "retry": Retry(NoBackoff(), 1)}
        self._client: redis.Redis = redis_client(redis.Redis, url, **{**limits, **options})
        self._circuits: dict[str, Circuit] = {}
        self._lock, self._threads = Lock(), Threads()
        self._wake = self._threads.event()
        self._pauses: dict[str, float | None] = {}
        self._is_stopped = False

    def add(self, name: str, circuit: Circuit) -> None:
        """Share a circuit. Raises: ValueError: another one of this process has its name."""
        if name in self._circuits:
            raise ValueError(f"two breakers named {name!r} share one state; give each a name of its own")
        self._circuits[name] = circuit
        circuit.observers.append(_Announcer(self, name))

    def publish(self, registry: CollectorRegistry | None) -> None:
        """Publish whether the server answers; `Breaker` does this with its own registry."""
        self._answering.publish(metrics.BREAKER_SHARING_UP, registry, self._namespace)

    def start(self) -> None:
        """Begin to look, unless that has begun; a forked child begins anew."""
        if self._threads.is_running() or self._is_stopped:
            return
        with self._lock:
            if not self._threads.is_running():
                self._wake = self._threads.event()
                self._threads.start([self._run], self._end)

    def announce(self, name: str, pause_s: float | None) -> None:
        """Tell the others soon that a breaker is open for so long, or, None, that it is closed."""
        self._pauses[name] = pause_s
        self._wake.set()

    def close(self) -> None:
        """Look no more, and let go of the connections."""
        self._end()
        self._threads.join(2 * self._poll_s)
        self._client.close()

    def _end(self) -> None:
        self._is_stopped = True
        self._wake.set()

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                self._exchange()
            except (RedisError, OSError) as error:
                self._answering.failed(error)
            else:
                self._answering.heard()
            self._wake.wait(self._poll_s)
            self._wake.clear()

    def _exchange(self) -> None:
        names = list(self._circuits)
        with self._client.pipeline(transaction=False) as pipe:
            told = [name for name in names if name in self._pauses]
            for name in told:
                self._tell(pipe, self._prefix + name, self._pauses.pop(name))
            for name in names:
                pipe.get(self._prefix + name)
                pipe.pttl(self._prefix + name)
            found = iter(pipe.execute()[len(told) :])
        for name, whole_ms, left_ms in zip(names, found, found, strict=True):
            # What was told just now is this process's own.
            if name not in told:
                self._hear(self._circuits[name], whole_ms, left_ms)

    def _tell(self, pipe: Any, key: str, pause_s: float | None) -> None:
        if pause_s is None:
            pipe.delete(key)
        else:
            # Each process looks once before it ends.
            whole_ms = int(1_000 * max(pause_s, 2 * self._poll_s))
            pipe.set(key, whole_ms, px=whole_ms)

    def _hear(self, circuit: Circuit, whole_ms: bytes | None, left_ms: int) -> None:
        if whole_ms is None or left_ms <= 0:
            circuit.hear_closed()
        else:
            circuit.hear_open(left_ms / 1_000, age_s=(int(whole_ms) - left_ms) / 1_000)


class _Announcer:
    """Hears of one circuit what the others should know."""

    def __init__(self, sharing: RedisSharing, name: str) -> None:
        self._sharing, self._name = sharing, name

    def changed(self, state: State, pause_s: float) -> None:
        if state == "open" and pause_s:
            self._sharing.announce(self._name, pause_s)
        elif state == "closed":
            self._sharing.announce(self._name, None)

    def rejected(self) -> None:
        pass

    def probed(self, outcome: Outcome) -> None:
        pass
