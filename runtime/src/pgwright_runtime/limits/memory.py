"""A store in the process itself, by the algorithm of `lua/take.lua`."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from pgwright_runtime.limits.stores import SLOTS, Charge, Standing


class _Window:
    """What one key used lately: slots, each with what was taken in it."""

    __slots__ = ("seconds", "slots", "used")

    def __init__(self, seconds: int) -> None:
        self.seconds, self.used = seconds, 0
        self.slots: deque[tuple[int, int]] = deque()

    def forget(self, slot: int) -> None:
        while self.slots and self.slots[0][0] < slot - SLOTS:
            self.used -= self.slots.popleft()[1]

    def add(self, slot: int, cost: int) -> None:
        self.used += cost
        if self.slots and self.slots[-1][0] == slot:
            cost += self.slots.pop()[1]
        self.slots.append((slot, cost))

    def wait_s(self, needed: int, now: float) -> float:
        """Return when at least so many will have been given back, in seconds from now."""
        for slot, count in self.slots:
            needed -= count
            if needed <= 0:
                return (slot + SLOTS + 1) * self.seconds / SLOTS - now
        return float(self.seconds)


class MemoryCounts:
    """Counts in this process only, by its monotonic clock.

    Args:
        max_keys: of more keys than that, those that were not seen for the longest time are forgotten.
        clock: seconds that never go back.
    Raises: ValueError: max_keys is less than 1.
    """

    is_remote = False

    def __init__(self, *, max_keys: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        if max_keys < 1:
            raise ValueError(f"max_keys is at least 1, not {max_keys!r}")
        self._max_keys, self._clock = max_keys, clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        """Return how many keys it remembers."""
        return len(self._windows)

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        # Without an await in it, so that nothing comes between.
        now = self._clock()
        windows = [self._window(charge, now) for charge in charges]
        has_room = [
            not charge.cost or window.used + charge.cost <= charge.requests
            for charge, window in zip(charges, windows, strict=True)
        ]
        if all(has_room):
            for charge, window in zip(charges, windows, strict=True):
                if charge.cost:
                    window.add(_slot(charge, now), charge.cost)
        self._shrink()
        return [_standing(*each, now) for each in zip(charges, windows, has_room, strict=True)]

    async def aclose(self) -> None:
        self._windows.clear()

    def _window(self, charge: Charge, now: float) -> _Window:
        window = self._windows.get(charge.key)
        if window is None:
            window = self._windows[charge.key] = _Window(charge.seconds)
        else:
            self._windows.move_to_end(charge.key)
        window.forget(_slot(charge, now))
        return window

    def _shrink(self) -> None:
        while len(self._windows) > self._max_keys:
            self._windows.popitem(last=False)


def _slot(charge: Charge, now: float) -> int:
    return int(now * SLOTS / charge.seconds)


def _standing(charge: Charge, window: _Window, has_room: bool, now: float) -> Standing:
    if charge.cost > charge.requests:
        wait_s = float(charge.seconds)
    else:
        wait_s = window.wait_s(1 if has_room else window.used + charge.cost - charge.requests, now)
    return Standing(has_room, max(0, charge.requests - window.used), wait_s)
