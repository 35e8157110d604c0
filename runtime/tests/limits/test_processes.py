"""Four processes over one Valkey let through what the limit says, and no more."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.pool import AsyncResult

from pgwright_runtime.limits import Limiter, RedisCounts
from runtime.tests.support.limits_site import broker, limit, scope
from tests.support.valkey import Broker

__all__ = ["broker"]  # a fixture

LIMIT, TRIES = 200, 120


def send(url: str) -> int:
    async def run() -> int:
        limiter = Limiter(limit(LIMIT, 600), store=RedisCounts(url), when_lost="closed", time_limit_s=30)
        decisions = await asyncio.gather(*(limiter.decide(scope()) for _ in range(TRIES)))
        await limiter.aclose()
        return sum(decision.is_allowed for decision in decisions)

    return asyncio.run(run())


def test_four_processes_share_one_limit(broker: Broker) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        asked: list[AsyncResult[int]] = [pool.apply_async(send, (broker.url,)) for _ in range(4)]
        allowed = [each.get(timeout=60) for each in asked]
    assert sum(allowed) == LIMIT
