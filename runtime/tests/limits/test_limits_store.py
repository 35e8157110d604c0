"""Storages of the `limits` library serve as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from limits.aio.storage import MemoryStorage, RedisStorage

from pgwright_runtime.limits import LibraryCounts, Limiter
from runtime.tests.support.limits_site import broker, limit, scope
from tests.support.valkey import Broker

__all__ = ["broker"]  # a fixture


def storage(broker: Broker) -> RedisStorage:
    return RedisStorage(f"async+{broker.url}", implementation="redispy")


async def closed(storage: RedisStorage) -> None:
    bridge: Any = storage.bridge
    await bridge.get_connection().aclose()


async def test_it_counts_all_rules_or_none(broker: Broker) -> None:
    store = storage(broker)
    limiter = Limiter(limit(5, name="five"), limit(2, name="two"), store=LibraryCounts(store), time_limit_s=5)
    decisions = [await limiter.decide(scope()) for _ in range(3)]
    assert [decision.is_allowed for decision in decisions] == [True, True, False]
    assert [standing.remaining for standing in decisions[2].standings] == [3, 0]
    assert 50 < decisions[2].retry_after_s <= 60
    assert decisions[2].violated == ("two",)
    await closed(store)


async def test_a_lost_storage_is_one_that_the_policy_answers_for(broker: Broker) -> None:
    store = storage(broker)
    limiter = Limiter(limit(5), store=LibraryCounts(store), when_lost="open", time_limit_s=5)
    assert (await limiter.decide(scope())).standings
    broker.kill()
    decision = await limiter.decide(scope())
    assert (decision.is_allowed, decision.standings) == (True, ())
    await closed(store)


async def test_what_costs_more_than_the_limit_is_refused() -> None:
    limiter = Limiter(replace(limit(2), cost=3), store=LibraryCounts(MemoryStorage()))
    assert not (await limiter.decide(scope())).is_allowed


@pytest.mark.parametrize("strategy", ["moving-window", "sliding-window-counter"])
async def test_either_strategy_serves(strategy: Literal["moving-window", "sliding-window-counter"]) -> None:
    limiter = Limiter(limit(2), store=LibraryCounts(MemoryStorage(), strategy=strategy))
    assert [(await limiter.decide(scope())).is_allowed for _ in range(3)] == [True, True, False]
