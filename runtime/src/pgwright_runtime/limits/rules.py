"""A rule: how many requests, in which time, of whom."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from inspect import isawaitable

from pgwright_runtime._asgi import Scope
from pgwright_runtime.limits.stores import Charge

By = Callable[[Scope], str | Awaitable[str | None] | None]
Cost = int | Callable[[Scope], int | Awaitable[int]]

# What a String of a structured field may hold (RFC 9651), less spaces and the two signs that need an escape.
_NAME = re.compile(r"[!#-\[\]-~]+")
# The largest Integer of a structured field.
_MOST = 10**15 - 1
# What a client sends may be a key, of any length and of any letters.
_LONGEST_KEY = 80


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most `requests` in any `seconds`, for each key that `by` gives.

    >>> Limit(requests=100, seconds=60, by=lambda scope: scope["state"].get("user_id"), name="user").name
    'user'

    Raises: ValueError: a number or the name is out of its range.
    """

    requests: int
    seconds: int
    by: By
    """The key that a request counts for, by its ASGI scope; None: the rule does not apply to it. It may be async."""
    cost: Cost = 1
    """How many requests a request counts as, or what tells it from the scope; 0: none."""
    name: str = ""
    """As clients and metrics see it; of its own among the rules of a limiter. Default: "100-per-60s"."""

    def __post_init__(self) -> None:
        if not (1 <= self.requests <= _MOST) or self.seconds < 1:
            raise ValueError(f"requests and seconds are at least 1, not {self.requests!r} and {self.seconds!r}")
        if not self.name:
            object.__setattr__(self, "name", f"{self.requests}-per-{self.seconds}s")
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a name is of printable ASCII without spaces, '\"' and '\\', not {self.name!r}")

    async def charge(self, scope: Scope) -> Charge | None:
        """Return what a request asks of the rule; None: nothing.

        Raises: ValueError: its cost is negative.
        """
        key = self.by(scope)
        if isawaitable(key):
            key = await key
        if key is None:
            return None
        cost = self.cost(scope) if callable(self.cost) else self.cost
        if isawaitable(cost):
            cost = await cost
        if cost < 0:
            raise ValueError(f"the cost of a request is at least 0, not {cost!r}")
        # A rule with another window is another one: slots are of its length.
        return Charge(f"{self.name}:{self.seconds}:{_short(key)}", self.requests, self.seconds, cost)


def _short(key: str) -> str:
    """Return the key, or, where a store might not take it, its hash."""
    if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable() and " " not in key:
        return key
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
