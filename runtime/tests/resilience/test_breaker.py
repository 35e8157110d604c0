"""Breakers around blocks and functions, and their metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from pgwright_runtime.metrics import RESILIENCE
from pgwright_runtime.resilience import Breaker, BreakerSettings, CircuitOpen

FAST = BreakerSettings(failures=2, pause_s=0.01, longest_pause_s=0.01)
SLOW = BreakerSettings(failures=2, pause_s=60, longest_pause_s=60)


def fail() -> None:
    raise ConnectionError


def open_breaker(breaker: Breaker) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionError), breaker:
            fail()
    assert breaker.state == "open"


def until(condition: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come about")


def test_a_block_is_refused_while_open() -> None:
    breaker = Breaker("mail", settings=SLOW)
    open_breaker(breaker)
    with pytest.raises(CircuitOpen, match="'mail' has failed"), breaker:
        raise AssertionError("it was entered")
    assert breaker.counts.opened == 1
    assert breaker.counts.rejected == 1


async def test_an_async_block_is_refused_while_open() -> None:
    breaker = Breaker("mail", settings=SLOW)
    open_breaker(breaker)
    with pytest.raises(CircuitOpen):
        async with breaker:
            raise AssertionError("it was entered")


async def test_functions_are_called_through_it() -> None:
    breaker = Breaker("mail", settings=SLOW)

    @breaker
    def send(text: str) -> str:
        """Send."""
        return text.upper()

    @breaker
    async def async_send(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    assert send("a") == "A"
    assert await async_send("b") == "B"
    assert send.__doc__ == "Send."
    open_breaker(breaker)
    with pytest.raises(CircuitOpen):
        send("a")
    with pytest.raises(CircuitOpen):
        await async_send("b")


def test_a_success_after_the_pause_closes_it() -> None:
    breaker = Breaker("mail", settings=FAST)
    open_breaker(breaker)

    def is_back() -> bool:
        try:
            with breaker:
                return True
        except CircuitOpen:
            return False

    until(is_back)
    assert breaker.state == "closed"
    assert breaker.counts.probes == 1


def test_only_errors_that_mean_a_failure_count() -> None:
    breaker = Breaker("mail", settings=SLOW, is_failure=lambda error: isinstance(error, OSError))
    for _ in range(10):
        with pytest.raises(KeyError), breaker:
            raise KeyError
    assert breaker.state == "closed"


async def test_cancelled_calls_do_not_count() -> None:
    breaker = Breaker("mail", settings=SLOW)

    async def wait() -> None:
        async with breaker:
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(wait()) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert breaker.state == "closed"


async def test_of_many_tasks_one_probes() -> None:
    breaker = Breaker("mail", settings=BreakerSettings(failures=2, pause_s=0.01, longest_pause_s=0.01))
    open_breaker(breaker)
    await asyncio.sleep(0.02)
    entered, refused, go = [], [], asyncio.Event()

    async def call(number: int) -> None:
        try:
            async with breaker:
                entered.append(number)
                await go.wait()
        except CircuitOpen:
            refused.append(number)

    tasks = [asyncio.create_task(call(number)) for number in range(20)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert len(entered) == 1
    assert len(refused) == 19


def test_blocks_may_be_nested() -> None:
    outer, inner = Breaker("outer", settings=SLOW), Breaker("inner", settings=SLOW)
    for _ in range(2):
        with pytest.raises(ConnectionError), outer, inner:
            fail()
    assert outer.state == inner.state == "open"


def test_it_publishes_what_it_counts() -> None:
    registry = CollectorRegistry()
    breaker = Breaker("mail", settings=FAST, registry=registry)
    value = registry.get_sample_value
    assert value("pgwright_breaker_state", {"breaker": "mail"}) == 0
    assert value("pgwright_breaker_rejected_total", {"breaker": "mail"}) == 0
    open_breaker(breaker)
    assert value("pgwright_breaker_state", {"breaker": "mail"}) == 2
    assert value("pgwright_breaker_opened_total", {"breaker": "mail"}) == 1
    outcome = {"breaker": "mail", "outcome": "succeeded"}

    def is_back() -> bool:
        try:
            with breaker:
                return True
        except CircuitOpen:
            return False

    until(is_back)
    assert value("pgwright_breaker_probes_total", outcome) == 1
    assert value("pgwright_breaker_state", {"breaker": "mail"}) == 0
    published = {family.name + "_total" * (family.type == "counter") for family in registry.collect()}
    assert published == {metric.name for metric in RESILIENCE if metric.labels[:1] == ("breaker",)}
