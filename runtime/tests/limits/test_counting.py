"""Both stores count as they say: by a window that slides, all rules of a request or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from pgwright_runtime.limits import Charge, CountStore, MemoryCounts, RedisCounts
from pgwright_runtime.limits.stores import SLOTS
from runtime.tests.support.limits_site import Clock, broker, held_up
from tests.support.valkey import Broker

__all__ = ["broker"]  # a fixture

ONE = Charge("one", requests=5, seconds=600, cost=1)
OTHER = Charge("other", requests=2, seconds=600, cost=1)


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[CountStore]:
    if request.param == "memory":
        yield MemoryCounts()
        return
    broker: Broker = request.getfixturevalue("broker")
    store = RedisCounts(broker.url)
    yield store
    await store.aclose()


async def test_a_limit_is_used_up_and_no_further(store: CountStore) -> None:
    remaining = [(await store.take([ONE]))[0] for _ in range(7)]
    assert [standing.is_allowed for standing in remaining] == [True] * 5 + [False] * 2
    assert [standing.remaining for standing in remaining] == [4, 3, 2, 1, 0, 0, 0]
    assert all(590 < standing.wait_s <= 603 for standing in remaining)


async def test_a_request_that_one_rule_refuses_is_counted_by_none(store: CountStore) -> None:
    for _ in range(4):
        standings = await store.take([ONE, OTHER])
    assert [(standing.is_allowed, standing.remaining) for standing in standings] == [(True, 3), (False, 0)]


async def test_a_request_may_cost_more_or_nothing(store: CountStore) -> None:
    costs = [3, 3, 2, 0, 1, 0, 9]
    standings = [(await store.take([replace(ONE, cost=cost)]))[0] for cost in costs]
    assert [standing.is_allowed for standing in standings] == [True, False, True, True, False, True, False]
    assert [standing.remaining for standing in standings] == [2, 2, 0, 0, 0, 0, 0]
    # It will never fit.
    assert standings[-1].wait_s == 600


async def test_what_was_used_comes_back(store: CountStore) -> None:
    charge = Charge("short", requests=3, seconds=1, cost=1)
    assert [(await store.take([charge]))[0].is_allowed for _ in range(4)] == [True, True, True, False]
    refused = (await store.take([charge]))[0]
    await asyncio.sleep(refused.wait_s)
    assert (await store.take([charge]))[0].is_allowed


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
async def test_no_order_of_costs_is_counted_differently(pairs: list[tuple[int, int]]) -> None:
    store, left = MemoryCounts(), [5, 2]
    for costs in pairs:
        charges = [replace(ONE, cost=costs[0]), replace(OTHER, cost=costs[1])]
        fits = [not cost or cost <= room for cost, room in zip(costs, left, strict=True)]
        if all(fits):
            left = [room - cost for cost, room in zip(costs, left, strict=True)]
        standings = await store.take(charges)
        assert [standing.is_allowed for standing in standings] == fits
        assert [standing.remaining for standing in standings] == left


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=200),
    st.integers(1, 12),
    st.sampled_from([1, 10, 60]),
)
async def test_no_window_holds_more_than_the_limit(steps: list[tuple[float, int]], requests: int, seconds: int) -> None:
    clock = Clock()
    store, taken = MemoryCounts(clock=clock), list[tuple[float, int]]()
    for pause, cost in steps:
        clock.now += pause
        (standing,) = await store.take([Charge("key", requests, seconds, cost)])
        if standing.is_allowed:
            taken.append((clock.now, cost))
        used = sum(count for moment, count in taken if moment > clock.now - seconds)
        assert used <= requests
        if not standing.is_allowed:
            # Refused for a reason: within a slot more than the window, there is no room.
            late_s = seconds * (1 + 1 / SLOTS) + 1e-6
            assert sum(count for moment, count in taken if moment >= clock.now - late_s) + cost > requests


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 3)), min_size=1, max_size=60))
async def test_whoever_waits_as_told_is_let_in(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    store = MemoryCounts(clock=clock)
    for pause, cost in steps:
        clock.now += pause
        charge = Charge("key", 4, 10, cost)
        (standing,) = await store.take([charge])
        if not standing.is_allowed:
            clock.now += standing.wait_s + 1e-6
            assert (await store.take([charge]))[0].is_allowed


async def test_memory_forgets_whom_it_did_not_see_for_longest() -> None:
    store = MemoryCounts(max_keys=2)
    for key in ("a", "b", "a", "c"):
        await store.take([replace(ONE, key=key)])
    assert len(store) == 2
    assert (await store.take([replace(ONE, key="a")]))[0].remaining == 2
    await store.aclose()
    assert len(store) == 0
    with pytest.raises(ValueError, match="max_keys"):
        MemoryCounts(max_keys=0)


async def test_a_key_in_redis_stays_small_and_ends(broker: Broker) -> None:
    store, charge = RedisCounts(broker.url, namespace="shop"), Charge("key", 10_000, 1, 1)
    await asyncio.gather(*(store.take([charge]) for _ in range(20)))
    for _ in range(300):
        await store.take([charge])
    with Redis.from_url(broker.url, decode_responses=True) as client:
        (key,) = client.keys()
        assert key == "{pgwright:limits:shop}:key"
        assert client.llen(key) <= SLOTS + 2
        assert 0 < client.pttl(key) <= 1_010
    await store.aclose()


async def test_a_burst_takes_few_connections_and_is_counted_exactly(broker: Broker) -> None:
    store = RedisCounts(broker.url)
    charges = [Charge(f"key {number % 7}", 20, 600, 1) for number in range(300)]
    standings = await asyncio.gather(*(store.take([charge]) for charge in charges))
    with Redis.from_url(broker.url) as client:
        assert len(client.client_list()) <= 3
    assert sum(standing.is_allowed for (standing,) in standings) == 7 * 20
    await store.aclose()


async def test_a_script_that_the_server_forgot_is_loaded_again_and_runs_once(broker: Broker) -> None:
    store = RedisCounts(broker.url)
    for _ in range(2):
        with Redis.from_url(broker.url) as client:
            client.script_flush()
        standings = await asyncio.gather(*(store.take([replace(ONE, requests=100)]) for _ in range(10)))
    assert min(standing.remaining for (standing,) in standings) == 80
    await store.aclose()


async def test_nobody_gets_the_answer_to_what_another_one_asked(broker: Broker) -> None:
    store = RedisCounts(broker.url)
    await store.take([replace(ONE, requests=7)])
    with held_up(broker):
        leaving = [asyncio.create_task(store.take([ONE, OTHER])) for _ in range(3)]
        await asyncio.sleep(0.05)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        asked = asyncio.create_task(store.take([Charge("new", 50, 600, 1)]))
        await asyncio.sleep(0.05)
    assert [standing.remaining for standing in await asked] == [49]
    await store.aclose()


async def test_a_store_that_is_closed_keeps_nobody_waiting(broker: Broker) -> None:
    store = RedisCounts(broker.url)
    with held_up(broker):
        asked = [asyncio.create_task(store.take([ONE])) for _ in range(150)]
        await asyncio.sleep(0.05)
        await store.aclose()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


@pytest.mark.parametrize(("ahead", "remaining"), [(SLOTS // 2, 1), (10 * SLOTS, 4), (-10 * SLOTS, 4)])
async def test_a_server_clock_that_jumps_forgets_a_window_at_most(broker: Broker, ahead: int, remaining: int) -> None:
    store = RedisCounts(broker.url)
    for _ in range(3):
        await store.take([ONE])
    with Redis.from_url(broker.url, decode_responses=True) as client:
        (key,) = client.keys()
        moved = [
            f"{int(slot) + ahead}:{total}" for slot, total in (each.split(":") for each in client.lrange(key, 1, -1))
        ]
        client.delete(key)
        client.rpush(key, "0:0", *moved)
    (standing,) = await store.take([ONE])
    assert (standing.is_allowed, standing.remaining) == (True, remaining)
    assert standing.wait_s <= 600 * (1 + 1 / SLOTS) + 1e-6
    await store.aclose()


def test_a_namespace_that_would_leave_its_braces_is_refused() -> None:
    with pytest.raises(ValueError, match="namespace"):
        RedisCounts("redis://localhost", namespace="a}b")
