"""A store over any storage of the `limits` library, for servers that speak neither Redis' nor Valkey's protocol."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from pgwright_runtime.limits.errors import StoreLost
from pgwright_runtime.limits.stores import Charge, Standing

try:
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import MovingWindowSupport, Storage
    from limits.aio.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "limits":
        raise
    raise ImportError("LibraryCounts needs limits. Run: pip install 'pgwright-runtime[limits]'") from error


class LibraryCounts:
    """Counts in a storage of `limits.aio`, which knows more servers than we do.

    The rules of a request are asked one after the other, first whether each has room; so a request may be counted by
    some rules and refused by another while many come at once. Prefer `RedisCounts` where it serves.

    Args:
        storage: as `RedisStorage("async+redis://…", implementation="redispy")`.
        strategy: "moving-window" keeps each request of the window, by the clocks of those who ask;
            "sliding-window-counter" keeps two numbers, and lets through up to half as much again after a late burst.
            None: the first one, or, where the storage does not have it, the second.
    Raises: NotImplementedError: the storage cannot do it.
    """

    is_remote = True

    def __init__(
        self, storage: Storage, *, strategy: Literal["moving-window", "sliding-window-counter"] | None = None
    ) -> None:
        failures = storage.base_exceptions
        self._failures: tuple[type[Exception], ...] = (
            OSError,
            *(failures if isinstance(failures, tuple) else (failures,)),
        )
        moves = isinstance(storage, MovingWindowSupport) if strategy is None else strategy == "moving-window"
        self._limiter: RateLimiter = (
            MovingWindowRateLimiter(storage) if moves else SlidingWindowCounterRateLimiter(storage)
        )

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        try:
            return await self._take(charges)
        except self._failures as error:
            raise StoreLost(str(error)) from error

    async def aclose(self) -> None:
        """Do nothing: the storage belongs to whoever made it."""

    async def _take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        items = [RateLimitItemPerSecond(charge.requests, charge.seconds) for charge in charges]
        asked = list(zip(charges, items, strict=True))
        has_room = [
            not charge.cost
            or (charge.cost <= charge.requests and await self._limiter.test(item, charge.key, cost=charge.cost))
            for charge, item in asked
        ]
        if all(has_room):
            has_room = [
                not charge.cost or await self._limiter.hit(item, charge.key, cost=charge.cost) for charge, item in asked
            ]
        return [await self._standing(*each, room) for each, room in zip(asked, has_room, strict=True)]

    async def _standing(self, charge: Charge, item: RateLimitItemPerSecond, has_room: bool) -> Standing:
        stats = await self._limiter.get_window_stats(item, charge.key)
        # Its clock is the wall's, and may have been set.
        wait_s = min(max(stats.reset_time - time.time(), 0.0), float(charge.seconds))
        return Standing(has_room, max(0, int(stats.remaining)), wait_s)
