"""What a store of limits counts, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# A window is cut into so many slots, and the slot that it begins in counts as a whole. So no window of any
# `seconds` ever holds more than the limit, and what is used comes back late by one slot at most: 0.1 % of the window.
SLOTS = 1_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request asks of one rule."""

    key: str
    """Of the rule and of whom it counts."""
    requests: int
    """The limit."""
    seconds: int
    """The window's length."""
    cost: int
    """How many requests this one counts as; 0: it only asks how things stand."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands after a request."""

    is_allowed: bool
    """Whether this rule had room; a request that another rule refused is not counted, by none."""
    remaining: int
    """How many requests are left now."""
    wait_s: float
    """Until more are left, or, where it was refused, until it would be allowed; seconds."""


class CountStore(Protocol):
    """Counts requests."""

    is_remote: bool
    """Whether it may be lost, or keep its callers waiting."""

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        """Count a request by all rules, or, if one has no room for it, by none.

        Raises: StoreLost: it cannot say.
        """

    async def aclose(self) -> None:
        """Let go of connections."""
