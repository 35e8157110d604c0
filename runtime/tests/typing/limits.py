"""What type checkers make of limits; mypy reads it, nobody runs it."""

from __future__ import annotations

from typing import assert_type

from limits.aio.storage import MemoryStorage
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.types import Scope

from pgwright_runtime.limits import (
    Bulkhead,
    BulkheadMiddleware,
    Decision,
    LibraryCounts,
    Limit,
    Limiter,
    LimitMiddleware,
    MemoryCounts,
    RedisCounts,
    by_address,
)


async def user(scope: Scope) -> str | None:
    return None


def cost(scope: Scope) -> int:
    return 3


rules = (
    Limit(requests=1, seconds=1, by=by_address(["10.0.0.0/8"], header="forwarded")),
    Limit(requests=1, seconds=1, by=user, cost=cost, name="user"),
    Limit(requests=1, seconds=1, by=lambda scope: scope.get("tenant"), cost=2, name="tenant"),
)
limiter = Limiter(*rules, store=RedisCounts("redis://localhost"), when_lost="closed", registry=REGISTRY)
Limiter(*rules, store=MemoryCounts())
Limiter(*rules, store=LibraryCounts(MemoryStorage(), strategy="moving-window"))


def of_no_policy() -> Limiter:
    return Limiter(*rules, when_lost="never")  # type: ignore[arg-type]


bulkhead = Bulkhead(3, queue=5, wait_s=2.0, name="reports", registry=REGISTRY)
app = Starlette()
app.add_middleware(LimitMiddleware, limiter=limiter)
app.add_middleware(BulkheadMiddleware, bulkhead=bulkhead, applies=lambda scope: scope["path"] == "/report")


async def decide(scope: Scope) -> None:
    assert_type(await limiter.decide(scope), Decision)
    assert_type((await limiter.check(scope)).is_allowed, bool)
    async with bulkhead as place:
        assert_type(place, None)
