"""A bulkhead: never more inside than its limit, and no place is ever lost, whoever is cancelled when."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pgwright_runtime.limits import Bulkhead, BulkheadFull

LONG_S = 60.0


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def hold(bulkhead: Bulkhead, gate: asyncio.Event) -> None:
    async with bulkhead:
        await gate.wait()


async def test_those_beyond_the_limit_wait_and_those_beyond_the_queue_do_not() -> None:
    bulkhead, gate = Bulkhead(2, queue=1, wait_s=LONG_S), asyncio.Event()
    tasks = [asyncio.create_task(hold(bulkhead, gate)) for _ in range(4)]
    await turns()
    assert (bulkhead.running, bulkhead.waiting) == (2, 1)
    assert isinstance(tasks[3].exception(), BulkheadFull)
    gate.set()
    await asyncio.gather(*tasks[:3])
    assert (bulkhead.running, bulkhead.waiting) == (0, 0)


async def test_who_waited_for_too_long_is_refused() -> None:
    bulkhead, gate = Bulkhead(1, queue=1, wait_s=0.05), asyncio.Event()
    holder = asyncio.create_task(hold(bulkhead, gate))
    await turns()
    with pytest.raises(BulkheadFull, match="at work to its limit") as caught:
        await hold(bulkhead, gate)
    assert (caught.value.status, caught.value.retry_after_s) == (503, 1)
    assert (bulkhead.running, bulkhead.waiting) == (1, 0)
    gate.set()
    await holder
    await hold(bulkhead, gate)
    assert bulkhead.running == 0


async def test_who_comes_first_is_served_first() -> None:
    bulkhead, order = Bulkhead(1, queue=9, wait_s=LONG_S), list[int]()

    async def call(number: int) -> None:
        async with bulkhead:
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(number) for number in range(9)))
    assert order == list(range(9))


async def test_a_client_that_leaves_while_it_waits_is_taken_out_of_the_queue() -> None:
    bulkhead, gate = Bulkhead(1, queue=1, wait_s=LONG_S), asyncio.Event()
    holder, waiter = (asyncio.create_task(hold(bulkhead, gate)) for _ in range(2))
    await turns()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert (bulkhead.running, bulkhead.waiting) == (1, 0)
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    assert bulkhead.running == 0


async def test_a_place_that_was_handed_to_one_who_leaves_goes_on_to_the_next() -> None:
    bulkhead, gate = Bulkhead(1, queue=2, wait_s=LONG_S), asyncio.Event()
    await bulkhead.__aenter__()
    leaving, next_one = (asyncio.create_task(hold(bulkhead, gate)) for _ in range(2))
    await turns()
    await bulkhead.__aexit__(None, None, None)  # hands the place over
    leaving.cancel()
    await turns()
    assert (bulkhead.running, bulkhead.waiting, leaving.cancelled()) == (1, 0, True)
    gate.set()
    await next_one
    assert bulkhead.running == 0


async def test_an_error_inside_gives_the_place_back() -> None:
    bulkhead = Bulkhead(1)
    with pytest.raises(KeyError):
        async with bulkhead:
            raise KeyError
    async with bulkhead:
        assert bulkhead.running == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(0, 6), st.integers(), st.sampled_from([0.001, LONG_S]))
async def test_no_place_is_ever_lost(limit: int, queue: int, seed: int, wait_s: float) -> None:
    chance, inside, most = random.Random(seed), 0, 0
    bulkhead = Bulkhead(limit, queue, wait_s)

    async def call() -> None:
        nonlocal inside, most
        async with bulkhead:
            inside += 1
            most = max(most, inside)
            try:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                inside -= 1

    tasks: list[asyncio.Task[None]] = []
    for _ in range(30):
        tasks.append(asyncio.create_task(call()))
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most <= limit
    assert (bulkhead.running, bulkhead.waiting, inside) == (0, 0, 0)


async def test_a_bulkhead_publishes_how_full_it_is() -> None:
    registry = CollectorRegistry()
    bulkhead, gate = Bulkhead(1, 1, LONG_S, name="reports", registry=registry), asyncio.Event()
    tasks = [asyncio.create_task(hold(bulkhead, gate)) for _ in range(3)]
    await turns()

    def value(what: str) -> float | None:
        return registry.get_sample_value(f"pgwright_bulkhead_{what}", {"bulkhead": "reports"})

    assert [value(what) for what in ("running", "waiting", "rejected_total")] == [1, 1, 1]
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [value(what) for what in ("running", "waiting", "wait_seconds_count")] == [0, 0, 1]


@pytest.mark.parametrize("wrong", [(0, 0, 1.0), (1, -1, 1.0), (1, 0, 0.0)])
def test_a_bulkhead_out_of_range_is_refused(wrong: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="limit is at least 1"):
        Bulkhead(*wrong)
