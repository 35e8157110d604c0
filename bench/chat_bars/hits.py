"""What a hit costs: CPU of the process and time, in this process and over Valkey, for sync and async functions."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator

from query_bars.figures import Figure, at_most
from query_bars.scale import scaled
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from chat_bars.valkey import run_valkey
from pgwright.embedded import run_server, wheel_programs
from pgwright_runtime.caching import Cache, Lifetimes, MemoryStore, RedisStore, Store

CALLS, ROUNDS = scaled(2_000), 5
_NEVER_EARLY = Lifetimes(3_600, early=0)
_ANSWER = {"text": "x" * 1_500, "citations": [{"title": "t" * 40, "passage": "p" * 400} for _ in range(4)]}


def measure() -> Iterator[Figure]:
    with run_server(programs=wheel_programs()) as server, run_valkey() as valkey:
        server.create_database("hits")
        with server.admin("hits") as connection:
            connection.execute("CREATE TABLE passage (id int)")
        url = server.url("hits", "psycopg")
        for name, store, cpu_ms, wall_ms in (
            ("in this process", MemoryStore(), 3, 0.2),
            ("over Valkey", RedisStore(valkey.url), 5, 1),
        ):
            for kind, (cpu, wall) in (
                ("sync", _sync(url, store)),
                ("async", asyncio.run(_async(url, store))),
            ):
                yield at_most(f"CPU of a hit {name}, {kind}", cpu * 1_000, "ms", cpu_ms)
                yield at_most(f"time of a hit {name}, {kind}", wall * 1_000, "ms", wall_ms)
            store.close()


def _sync(url: str, store: Store) -> tuple[float, float]:
    engine = create_engine(url)
    cache = Cache(store)
    cache.watch(engine)

    @cache.answers(reads=["passage"], version=os.urandom(8).hex(), lifetimes=_NEVER_EARLY)
    def answer(question: str) -> object:
        return _ANSWER

    deadline = time.monotonic() + 60
    while not _hits(cache):
        answer("What is VACUUM?")
        if time.monotonic() > deadline:
            raise TimeoutError("nothing is cached")
        time.sleep(0.05)
    rounds = [_timed(lambda: [answer("What is VACUUM?") for _ in range(CALLS)]) for _ in range(ROUNDS)]
    engine.dispose()
    return _median(rounds)


async def _async(url: str, store: Store) -> tuple[float, float]:
    engine = create_async_engine(url)
    cache = Cache(store)
    cache.watch(engine)

    @cache.answers(reads=["passage"], version=os.urandom(8).hex(), lifetimes=_NEVER_EARLY)
    async def answer(question: str) -> object:
        return _ANSWER

    deadline = time.monotonic() + 60
    while not _hits(cache):
        await answer("What is VACUUM?")
        if time.monotonic() > deadline:
            raise TimeoutError("nothing is cached")
        await asyncio.sleep(0.05)

    async def calls() -> None:
        for _ in range(CALLS):
            await answer("What is VACUUM?")

    rounds = [await _timed_async(calls) for _ in range(ROUNDS)]
    await store.aclose()
    await engine.dispose()
    return _median(rounds)


def _hits(cache: Cache) -> int:
    return sum(counts.hits for counts in cache.metrics.all().values())


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return (time.process_time() - cpu) / CALLS, (time.perf_counter() - wall) / CALLS


async def _timed_async(run: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    await run()
    return (time.process_time() - cpu) / CALLS, (time.perf_counter() - wall) / CALLS


def _median(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(cpu for cpu, _ in rounds), statistics.median(wall for _, wall in rounds)
