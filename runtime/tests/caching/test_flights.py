"""Many want one value: it is computed once, in threads, in tasks, and over processes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pgwright_runtime._background import Threads
from pgwright_runtime.caching import Cache, Lifetimes, MemoryStore, RedisStore, Store
from tests.support.valkey import Broker

_LONG = Lifetimes(3_600, early=0, flight_s=30)


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store, registry=CollectorRegistry())


def test_of_many_threads_one_computes(cache: Cache) -> None:
    computed: list[str] = []
    all_asked = threading.Barrier(8)

    @cache.cached(lifetimes=_LONG, version=os.urandom(8).hex())
    def read(key: str) -> str:
        computed.append(key)
        return key

    def ask(_: int) -> str:
        all_asked.wait()
        return read("a")

    _ready(cache)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"a"}
    assert computed == ["a"]
    cache.close()


async def test_of_many_tasks_one_computes_and_the_others_find_it(cache: Cache) -> None:
    computed: list[str] = []
    goes_on = asyncio.Event()

    @cache.cached(lifetimes=_LONG, version=os.urandom(8).hex())
    async def read(key: str) -> str:
        computed.append(key)
        await goes_on.wait()
        return key

    await asyncio.to_thread(_ready, cache)
    tasks = [asyncio.create_task(read("a")) for _ in range(20)]
    while not computed:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    goes_on.set()
    assert set(await asyncio.gather(*tasks)) == {"a"}
    assert computed == ["a"]
    (counts,) = (each for name, each in cache.metrics.all().items() if "many_tasks" in name)
    assert (counts.misses, counts.hits) == (1, 19)
    assert counts.stampedes_avoided >= 1
    await cache.aclose()


async def test_who_is_cancelled_while_it_computes_leaves_that_to_another(cache: Cache) -> None:
    began = asyncio.Event()
    computed: list[int] = []

    @cache.cached(lifetimes=_LONG, version=os.urandom(8).hex())
    async def read() -> int:
        computed.append(1)
        began.set()
        if len(computed) == 1:
            await asyncio.sleep(3_600)
        return len(computed)

    await asyncio.to_thread(_ready, cache)
    first = asyncio.create_task(read())
    await began.wait()
    second = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == 2
    with pytest.raises(asyncio.CancelledError):
        await first
    await cache.aclose()


def test_of_many_processes_one_computes(valkey: Broker, tmp_path: Path) -> None:
    version, log = os.urandom(8).hex(), tmp_path / "computed"
    children = [_fork(lambda: _read_in_process(valkey.url, version, log)) for _ in range(3)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    assert log.read_text() == "x"


def _read_in_process(url: str, version: str, log: Path) -> None:
    cache = Cache(RedisStore(url, time_limit_s=0.5))

    @cache.cached(lifetimes=_LONG, version=version)
    def read() -> str:
        with log.open("a") as file:
            file.write("x")
        threading.Event().wait(0.3)
        return "y"

    _ready(cache)
    assert read() == "y"
    cache.close()


def _fork(run: Callable[[], object]) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    return child


def _ready(cache: Cache) -> None:
    """Wait until the process has its lease."""

    @cache.cached(version=os.urandom(8).hex())
    def nothing() -> int:
        return 1

    for _ in range(600):
        nothing()
        if any(counts.hits for counts in cache.metrics.all().values()):
            return
        threading.Event().wait(0.02)
    raise AssertionError("nothing is cached")


def test_a_value_is_computed_again_before_it_ends_by_the_more_the_longer_that_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = Cache(MemoryStore())
    computed: list[Any] = []

    @cache.cached(lifetimes=Lifetimes(3_600, jitter=0, early=1e9))
    def read() -> int:
        computed.append(1)
        threading.Event().wait(0.001)
        return len(computed)

    assert [read(), read()] == [1, 2]

    @cache.cached(lifetimes=Lifetimes(3_600, jitter=0, early=1))
    def calm() -> int:
        computed.append(1)
        return len(computed)

    assert calm() == calm()


def test_a_value_that_still_holds_is_given_where_computing_it_again_fails() -> None:
    cache = Cache(MemoryStore())
    computed: list[Any] = []

    @cache.cached(lifetimes=Lifetimes(3_600, jitter=0, early=1e9))
    def read() -> str:
        computed.append(1)
        threading.Event().wait(0.001)
        if len(computed) > 1:
            raise ConnectionError
        return "still good"

    assert [read(), read()] == ["still good", "still good"]
    assert len(computed) == 2


def test_memory_is_bounded_by_what_was_used_last() -> None:
    cache = Cache(MemoryStore(max_bytes=100_000))
    computed: list[int] = []

    @cache.cached(lifetimes=Lifetimes(3_600, early=0))
    def read(key: int) -> str:
        computed.append(key)
        return "x" * 10_000

    for key in range(20):
        read(key)
        read(0)
    assert computed == list(range(20))
    read(1)
    assert computed[-1] == 1


def test_versions_are_bounded_and_what_is_forgotten_is_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwright_runtime.caching.memory._MOST_VERSIONS", 10)
    store, waits = MemoryStore(), Threads()
    stamp = store.look("a", ["t#1"], 0, waits).stamp
    store.keep("a", ["t#1"], stamp, b"x", 60, waits)
    assert store.look("a", ["t#1"], 0, waits).payload == b"x"
    for number in range(20):
        store.look("b", [f"u#{number}"], 0, waits)
    assert len(store._versions) == 10
    assert store.look("a", ["t#1"], 0, waits).payload is None


def test_metrics_are_published_by_function() -> None:
    registry = CollectorRegistry()
    cache = Cache(MemoryStore(), registry=registry)

    @cache.cached()
    def read(key: int) -> int:
        return key

    for _ in range(3):
        read(1)
    name = {"function": f"{__name__}.test_metrics_are_published_by_function.<locals>.read"}
    assert registry.get_sample_value("pgwright_cache_hits_total", name) == 2
    assert registry.get_sample_value("pgwright_cache_misses_total", name) == 1
    assert registry.get_sample_value("pgwright_cache_read_bytes_total", name) == 2
    assert registry.get_sample_value("pgwright_cache_hit_seconds_count", name) == 2
