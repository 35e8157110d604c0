"""A store in Redis or Valkey, shared by all processes of an app."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pkgutil import get_data
from typing import Any
from weakref import WeakKeyDictionary

from pgwright_runtime.limits.stores import SLOTS, Charge, Standing

try:
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    from pgwright_runtime._redis_clients import redis_client
    from pgwright_runtime.limits.redis_line import RedisLine
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "redis":
        raise
    raise ImportError("RedisCounts needs redis. Run: pip install 'pgwright-runtime[limits]'") from error


def _script() -> str:
    found = get_data("pgwright_runtime.limits", "lua/take.lua")
    assert found is not None  # the loader of the package cannot read files
    return found.decode()


_TAKE = _script()


class RedisCounts:
    """Counts in Redis or Valkey, by the server's clock; all rules of a request take one round trip.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        namespace: keeps apart apps that share a server; all processes of one have the same.
        options: for redis-py's connections, as `ssl_ca_certs`.
    Raises: ValueError: the URL, the namespace or an option is wrong.
    """

    is_remote = True

    def __init__(self, url: str, *, namespace: str = "app", **options: Any) -> None:
        if not namespace.isprintable() or "}" in namespace:
            raise ValueError(f"the namespace is of printable characters other than '}}', not {namespace!r}")
        self._url, self._options = url, options
        # In braces: on a cluster, keys with the same text in braces are on one server.
        self._prefix = f"{{pgwright:limits:{namespace}}}:"
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, RedisLine] = WeakKeyDictionary()
        self._new_client()

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        keys = [self._prefix + charge.key for charge in charges]
        values = [SLOTS]
        for charge in charges:
            values += (charge.requests, charge.seconds * 1_000_000, charge.cost)
        answer = await self._line().ask(keys, values)
        return [Standing(bool(has_room), left, wait_us / 1e6) for has_room, left, wait_us in answer]

    async def aclose(self) -> None:
        """Let go of the running event loop's connections."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            await line.aclose()

    def _line(self) -> RedisLine:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = RedisLine(self._new_client(), _TAKE)
        return line

    def _new_client(self) -> Any:
        # One try more, at once: a connection from the pool may be of before the server's restart.
        return redis_client(redis.asyncio.Redis, self._url, **{"retry": Retry(NoBackoff(), 1), **self._options})
