"""What limiter, breaker and a look into the cache add to a request, in this process and over Valkey."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

from query_bars.figures import Figure, at_most
from query_bars.scale import scaled
from sqlalchemy.ext.asyncio import create_async_engine

from chat_bars.valkey import run_valkey
from pgwright.embedded import run_server, wheel_programs
from pgwright_runtime.caching import Cache, Lifetimes, MemoryStore, RedisStore
from pgwright_runtime.limits import Limit, Limiter, RedisCounts, by_address
from pgwright_runtime.resilience import Breaker

REQUESTS, ROUNDS = scaled(2_000), 7
_ANSWER = {"text": "x" * 1_500, "citations": [{"title": "t" * 40, "passage": "p" * 400} for _ in range(4)]}
_SCOPE: dict[str, Any] = {"type": "http", "client": ("192.0.2.1", 1), "headers": [], "path": "/ask", "method": "POST"}


def measure() -> Iterator[Figure]:
    with run_server(programs=wheel_programs()) as server, run_valkey() as valkey:
        server.create_database("overhead")
        with server.admin("overhead") as connection:
            connection.execute("CREATE TABLE passage (id int)")
        url = server.url("overhead", "psycopg")
        own = asyncio.run(_added(url, None))
        yield at_most("added to a request in this process", own * 1_000_000, "µs", 200)
        shared = asyncio.run(_added(url, valkey.url))
        yield at_most("added to a request over Valkey", shared * 1_000, "ms", 1)


async def _added(url: str, redis_url: str | None) -> float:
    """Return the median of the rounds, in seconds a request."""
    engine = create_async_engine(url)
    store = RedisStore(redis_url) if redis_url else MemoryStore()
    cache, breaker = Cache(store), Breaker("database")
    cache.watch(engine)
    breaker.protect(engine)
    limiter = Limiter(
        Limit(name="visitor", requests=10**9, seconds=60, by=lambda scope: "visitor"),
        Limit(name="address", requests=10**9, seconds=60, by=by_address()),
        store=RedisCounts(redis_url) if redis_url else None,
    )

    @cache.answers(reads=["passage"], version=os.urandom(8).hex(), lifetimes=Lifetimes(3_600, early=0))
    async def answer(question: str) -> object:
        return _ANSWER

    async def request() -> None:
        await limiter.check(_SCOPE)
        async with breaker:
            await answer("What is VACUUM?")

    deadline = time.monotonic() + 60
    while not sum(counts.hits for counts in cache.metrics.all().values()):
        await request()
        if time.monotonic() > deadline:
            raise TimeoutError("nothing is cached")
        await asyncio.sleep(0.05)
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(REQUESTS):
            await request()
        rounds.append((time.perf_counter() - began) / REQUESTS)
    await cache.aclose()
    await limiter.aclose()
    await engine.dispose()
    return statistics.median(rounds)
