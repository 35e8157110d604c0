"""A store that is killed or held up: nobody waits for long, the policy answers, and it recovers by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from pgwright_runtime.limits import Charge, Decision, Limiter, LimitsUnavailable, RedisCounts, Standing
from pgwright_runtime.limits.errors import StoreLost
from pgwright_runtime.limits.limiter import WhenLost
from runtime.tests.support.limits_site import broker, held_up, limit, scope
from tests.support.valkey import Broker

__all__ = ["broker"]  # a fixture

# Long enough for a busy machine, where nothing is lost.
PATIENT_S = 5.0


@asynccontextmanager
async def limiter_on(
    broker: Broker, when_lost: WhenLost, time_limit_s: float = PATIENT_S, requests: int = 8, processes: int = 4
) -> AsyncIterator[Limiter]:
    limiter = Limiter(
        limit(requests),
        store=RedisCounts(broker.url),
        when_lost=when_lost,
        time_limit_s=time_limit_s,
        processes=processes,
    )
    yield limiter
    await limiter.aclose()


async def decisions(limiter: Limiter, count: int) -> list[bool]:
    return [(await limiter.decide(scope())).is_allowed for _ in range(count)]


@pytest.mark.parametrize(
    ("when_lost", "allowed"),
    [("open", [True] * 4), ("closed", [False] * 4), ("local", [True, True, False, False])],
)
async def test_the_policy_answers_for_a_killed_server(broker: Broker, when_lost: WhenLost, allowed: list[bool]) -> None:
    async with limiter_on(broker, when_lost) as limiter:
        assert (await limiter.decide(scope())).standings[0].remaining == 7
        broker.kill()
        assert await decisions(limiter, 4) == allowed
        broker.start()
        await recovered(limiter)


async def recovered(limiter: Limiter) -> Decision:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        decision = await limiter.decide(scope())
        # Of the whole limit, not of a share.
        if decision.standings and decision.standings[0].remaining > 2:
            return decision
        await asyncio.sleep(0.05)
    raise TimeoutError("it did not recover")


async def test_a_server_that_is_held_up_is_waited_for_shortly_and_once(broker: Broker) -> None:
    async with limiter_on(broker, "open", time_limit_s=0.2, requests=1_000) as limiter:
        await recovered(limiter)
        with held_up(broker):
            started = time.monotonic()
            together = await asyncio.gather(*(limiter.decide(scope()) for _ in range(20)))
            for _ in range(200):
                assert (await limiter.decide(scope())).standings == ()
            assert all(decision.is_allowed and not decision.standings for decision in together)
            # One after the other they would have waited for 44 s.
            assert time.monotonic() - started < 20
        await recovered(limiter)


async def test_a_refusal_without_the_store_is_503_and_says_when_to_come_back(broker: Broker) -> None:
    async with limiter_on(broker, "closed") as limiter:
        broker.kill()
        with pytest.raises(LimitsUnavailable, match="cannot be counted") as caught:
            await limiter.check(scope())
    assert caught.value.status == 503
    assert dict(caught.value.fields) == {"ratelimit-policy": '"all";q=8;w=60', "retry-after": "1"}
    assert caught.value.problem["type"] == "about:blank"


async def test_what_costs_more_than_a_share_takes_all_of_it(broker: Broker) -> None:
    async with limiter_on(broker, "local", requests=2, processes=4) as limiter:
        broker.kill()
        assert await decisions(limiter, 2) == [True, False]


async def test_failures_and_what_was_decided_without_the_store_are_counted_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry = CollectorRegistry()
    store = Flaky(fails=True)
    limiter = Limiter(limit(5), store=store, when_lost="open", registry=registry, time_limit_s=PATIENT_S)

    def published() -> list[float | None]:
        names = ("store_up", "store_failures_total", "unchecked_total")
        return [registry.get_sample_value(f"pgwright_limits_{name}", {"policy": "open"}) for name in names]

    assert published() == [1, 0, 0]
    await decisions(limiter, 3)
    assert published() == [0, 1, 3]
    assert store.asked == 1
    store.fails = False
    await asyncio.sleep(0.1)
    await decisions(limiter, 1)
    assert published() == [1, 1, 3]
    assert [record.getMessage() for record in caplog.records if record.name == "pgwright.limits"] == [
        "the limits' store does not answer, so all requests are let in: it was told to",
        "the limits' store answers again",
    ]


class Flaky:
    """Fails when it is told to; waits for what it is told to."""

    is_remote = True

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.asked = fails, 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise StoreLost("it was told to")
        return [Standing(True, 1, 1.0) for _ in charges]

    async def aclose(self) -> None:
        """Do nothing."""


async def test_after_a_pause_one_request_tries_for_all() -> None:
    store = Flaky(fails=True)
    limiter = Limiter(limit(5), store=store, when_lost="open", time_limit_s=PATIENT_S)
    await limiter.decide(scope())
    await asyncio.sleep(0.1)
    store.gate.clear()
    trial = asyncio.create_task(limiter.decide(scope()))
    await asyncio.sleep(0)
    others = await asyncio.gather(*(limiter.decide(scope()) for _ in range(5)))
    assert (store.asked, [decision.standings for decision in others]) == (2, [()] * 5)
    store.fails = False
    store.gate.set()
    assert (await trial).standings
    assert (await limiter.decide(scope())).standings


async def test_a_client_that_leaves_during_the_trial_does_not_end_the_trials() -> None:
    store = Flaky(fails=True)
    limiter = Limiter(limit(5), store=store, when_lost="open", time_limit_s=PATIENT_S)
    await limiter.decide(scope())
    await asyncio.sleep(0.1)
    store.gate.clear()
    trial = asyncio.create_task(limiter.decide(scope()))
    await asyncio.sleep(0.01)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    store.fails = False
    store.gate.set()
    assert (await limiter.decide(scope())).standings


async def test_an_answer_that_came_while_the_loop_was_busy_counts(broker: Broker) -> None:
    async with limiter_on(broker, "closed", time_limit_s=0.3) as limiter:
        await recovered(limiter)
        asked = asyncio.create_task(limiter.decide(scope()))
        for _ in range(10):
            await asyncio.sleep(0)
        time.sleep(0.5)
        assert (await asked).is_allowed
