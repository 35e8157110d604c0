"""How many calls of the last seconds failed."""

from __future__ import annotations

_PARTS = 10


class Window:
    """Counts calls of the last `seconds`, in ten parts, the oldest of which goes as a whole."""

    def __init__(self, seconds: float) -> None:
        self._part_s = seconds / _PARTS
        self._parts = [[-1, 0, 0] for _ in range(_PARTS)]

    def add(self, now: float, *, has_failed: bool) -> None:
        number = int(now / self._part_s)
        part = self._parts[number % _PARTS]
        if part[0] != number:
            part[:] = [number, 0, 0]
        part[1] += 1
        part[2] += has_failed

    def count(self, now: float) -> tuple[int, int]:
        """Return the calls, and those of them that failed."""
        oldest = int(now / self._part_s) - _PARTS
        living = [part for part in self._parts if part[0] > oldest]
        return sum(part[1] for part in living), sum(part[2] for part in living)

    def clear(self) -> None:
        for part in self._parts:
            part[:] = [-1, 0, 0]
