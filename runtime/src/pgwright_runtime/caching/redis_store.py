"""A store in Redis or Valkey, shared by all processes of an app."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pkgutil import get_data
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry
from sqlalchemy.util import await_only

from pgwright_runtime import metrics
from pgwright_runtime._answering import Answering
from pgwright_runtime._background import Runner, Tasks
from pgwright_runtime._redis_clients import redis_client
from pgwright_runtime.caching.leases import Lease, Renewal
from pgwright_runtime.caching.stores import Look, StoreUnavailable

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_log = logging.getLogger("pgwright.caching")

# A version outlives every value that was computed under it, so that few values end for want of one.
_VERSIONS_MS = 7 * 24 * 3_600_000
# How long a server that did not answer is left alone: doubled by each failure.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
# Between two tries to invalidate.
_RETRY_S = 0.02


@dataclass(frozen=True)
class _Script:
    text: str
    sha1: str


def _script(name: str) -> _Script:
    found = get_data("pgwright_runtime.caching", f"lua/{name}.lua")
    assert found is not None  # the loader of the package cannot read files
    return _Script(found.decode(), sha1(found, usedforsecurity=False).hexdigest())


_LOOK, _KEEP, _RENEW = _script("look"), _script("keep"), _script("renew")


class RedisStore:
    """Keeps values in Redis or Valkey, from 6.2 on.

    No value is served after a COMMIT that changed what it was computed from, whichever process committed, and whatever
    the server loses, forgets or repeats. The price is paid where the server is lost: until every process must have
    noticed, for `lease_s` and a quarter, a COMMIT to a table that is cached waits before it returns. Reads never wait
    for longer than `time_limit_s`, and are computed then; in sync code, each step of a new connection may take so long.

    One process that alone loses the server, while others reach it, is told apart from one that was killed by nobody:
    what it commits later than that is seen by the others when it is back, and by values' ends.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        namespace: keeps apart apps, or versions of one, that share a server; all processes of one have the same.
        time_limit_s: the longest that a read waits for the server.
        lease_s: how long a process may be silent until its values count for nothing.
        options: for redis-py's connections, as `ssl_ca_certs`.
    Raises: ValueError: the URL, a time or an option is wrong.
    """

    def __init__(
        self, url: str, *, namespace: str = "app", time_limit_s: float = 0.1, lease_s: float = 2.0, **options: Any
    ) -> None:
        if not (0 < time_limit_s <= lease_s / 4):
            raise ValueError(f"time_limit_s is more than 0 and at most a quarter of lease_s, not {time_limit_s!r}")
        if not namespace.isprintable() or "}" in namespace:
            raise ValueError(f"the namespace is of printable characters other than '}}', not {namespace!r}")
        self._url, self._options, self._time_limit_s, self._lease_s = url, options, time_limit_s, lease_s
        # In braces: on a cluster, keys with the same text in braces are on one server.
        self._namespace, self._prefix = namespace, f"{{pgwright:{namespace}}}:"
        self._answering = Answering(_log, "the cache's server", "values are computed")
        self._blocking = self._client(redis.Redis, Retry, time_limit_s, redis.ConnectionError)
        self._awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self._lock = Lock()
        self._renewing = self._client(redis.Redis, Retry, lease_s / 4, redis.ConnectionError, redis.TimeoutError)
        self._start_lease()
        self._quiet_until, self._pause_s = 0.0, _FIRST_PAUSE_S
        self._owed: set[str] = set()

    def look(self, key: str, tags: Sequence[str], flight_s: float, waits: Runner) -> Look:
        lease = self._current_lease()
        if not lease.is_current():
            lease.start()
            if not lease.is_current():
                raise StoreUnavailable("this process has no lease yet")
        self._leave_owed(waits)
        self._refuse_when_quiet()
        keys = [*self._named("epoch", "leases", "clock"), *self._named(f"v:{key}", f"f:{key}"), *self._versions(tags)]
        nonce = secrets.token_hex(8)
        with self._owing(key):
            answer = self._ask(waits, _LOOK, keys, [lease.member, nonce, _VERSIONS_MS, int(flight_s * 1_000)])
        if not answer:
            lease.expelled()
            raise StoreUnavailable("the server has no lease of this process")
        stamp, payload, left_ms, leads = answer
        return Look(stamp, payload, left_ms / 1_000, bool(leads))

    def keep(self, key: str, tags: Sequence[str], stamp: bytes, payload: bytes, ttl_s: float, waits: Runner) -> None:
        keys = [*self._named("epoch", f"v:{key}", f"f:{key}"), *self._versions(tags)]
        with self._owing(key):
            self._ask(waits, _KEEP, keys, [stamp, payload, max(1, int(ttl_s * 1_000)), _VERSIONS_MS])

    def leave(self, key: str, waits: Runner) -> None:
        with self._owing(key):
            self._ask(waits, None, self._named(f"f:{key}"), ())

    def drop(self, tags: Sequence[str], waits: Runner) -> None:
        keys, lease = self._versions(tags), self._current_lease()
        while True:
            try:
                self._send(waits, None, keys, ())
            except StoreUnavailable as error:
                lease.failed(error)
                lease.owe()
            else:
                lease.heard()
                return
            if lease.lost_for_s() >= 0:
                return
            waits.pause(min(_RETRY_S, -lease.lost_for_s()))

    def drops(self, table: str) -> bool:
        return self._current_lease().drops(table)

    def caches(self, tables: Sequence[str]) -> bool:
        lease = self._current_lease()
        is_known = lease.caches(tables)
        lease.start()
        return is_known

    def publish(self, registry: CollectorRegistry) -> None:
        self._answering.publish(metrics.CACHE_STORE_UP, registry, self._namespace)

    def close(self) -> None:
        self._lease.stop()
        for client in (self._blocking, self._renewing):
            client.close()

    async def aclose(self) -> None:
        """Let go of the running event loop's connections; `close` does of all others."""
        client = self._awaiting.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _client(self, kind: Any, retry: Any, limit_s: float, *errors: type[Exception]) -> Any:
        # One try more, at once: a connection from the pool may be of before the server's restart.
        again = retry(NoBackoff(), 1, supported_errors=errors)
        options = {"socket_timeout": limit_s, "socket_connect_timeout": limit_s, "retry": again}
        return redis_client(kind, self._url, **{**options, **self._options})

    def _start_lease(self) -> None:
        self._lease = Lease(self._renew, self._leave, self._lease_s, self._answering)
        self._owner = os.getpid()

    def _current_lease(self) -> Lease:
        # A forked child is a process of its own, without its parent's thread.
        if self._owner != os.getpid():
            with self._lock:
                if self._owner != os.getpid():
                    self._start_lease()
        return self._lease

    def _named(self, *names: str) -> list[str]:
        return [self._prefix + name for name in names]

    def _versions(self, tags: Sequence[str]) -> list[str]:
        return [f"{self._prefix}t:{tag}" for tag in tags]

    def _renew(self, member: str, until_ms: int, forgets: bool, tables: Collection[str]) -> Renewal:
        keys = self._named("epoch", "leases", "clock", "tables")
        values = [member, secrets.token_hex(8), until_ms, int(self._lease_s * 1_000), int(forgets), *tables]
        try:
            now, ends, cached = _run(self._renewing, _RENEW, keys, values)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(str(error)) from error
        names = iter(cached)
        return Renewal(now, ends, {name.decode(): int(float(since)) for name, since in zip(names, names, strict=True)})

    def _leave(self, member: str) -> None:
        try:
            self._renewing.zrem(*self._named("leases"), member)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(str(error)) from error

    @contextmanager
    def _owing(self, key: str) -> Iterator[None]:
        """Note, where the server did not answer, that others may wait for a value that no caller computes for them."""
        try:
            yield
        except StoreUnavailable:
            self._owed.update(self._named(f"f:{key}"))
            raise

    def _leave_owed(self, waits: Runner) -> None:
        """Let others compute those."""
        flights = tuple(self._owed)
        if flights:
            self._ask(waits, None, flights, ())
            self._owed.difference_update(flights)

    def _ask(self, waits: Runner, script: _Script | None, keys: Sequence[str], values: Sequence[Any]) -> Any:
        """Ask the server, unless it did not answer a moment ago."""
        self._refuse_when_quiet()
        try:
            answer = self._send(waits, script, keys, values)
        except StoreUnavailable:
            self._quiet_until = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            raise
        self._pause_s = _FIRST_PAUSE_S
        return answer

    def _refuse_when_quiet(self) -> None:
        if time.monotonic() < self._quiet_until:
            raise StoreUnavailable("it did not answer a moment ago")

    def _send(self, waits: Runner, script: _Script | None, keys: Sequence[str], values: Sequence[Any]) -> Any:
        try:
            if isinstance(waits, Tasks):
                return await_only(self._await(script, keys, values))
            return _run(self._blocking, script, keys, values)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(str(error) or f"no answer within {self._time_limit_s:g} s") from error

    async def _await(self, script: _Script | None, keys: Sequence[str], values: Sequence[Any]) -> Any:
        loop = asyncio.get_running_loop()
        client = self._awaiting.get(loop)
        if client is None:
            client = self._client(redis.asyncio.Redis, AsyncRetry, self._time_limit_s, redis.ConnectionError)
            self._awaiting[loop] = client
        async with asyncio.timeout(self._time_limit_s):
            if script is None:
                return await client.delete(*keys)
            try:
                return await client.evalsha(script.sha1, len(keys), *keys, *values)
            except NoScriptError:
                return await client.eval(script.text, len(keys), *keys, *values)


def _run(client: Any, script: _Script | None, keys: Sequence[str], values: Sequence[Any]) -> Any:
    if script is None:
        return client.delete(*keys)
    try:
        return client.evalsha(script.sha1, len(keys), *keys, *values)
    except NoScriptError:
        return client.eval(script.text, len(keys), *keys, *values)
