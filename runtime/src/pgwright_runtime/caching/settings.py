"""How the values of one function are cached."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Lifetimes:
    """For how long values hold, in seconds, and who computes them.

    Raises: ValueError: a time is not positive, or the jitter not between 0 and 1.
    """

    ttl_s: float
    none_ttl_s: float | None = None
    """Of None, as an answer that was not found; None: as long as others."""
    jitter: float = 0.1
    """By which part a lifetime may be shorter, at random, so that values that came together do not end together."""
    early: float = 1.0
    """How eagerly values are computed again before their end, in proportion to the time that took; 0: not at all.

    The formula of A. Vattani, F. Chierichetti and K. Lowenstein, Optimal Probabilistic Cache Stampede Prevention, VLDB
    2015, whose beta it is.
    """
    flight_s: float = 5.0
    """How long others wait for one that computes the same value; 0: nobody waits."""
    max_bytes: int = 1024 * 1024
    """Larger values are not stored."""

    def __post_init__(self) -> None:
        if self.ttl_s <= 0 or (self.none_ttl_s is not None and self.none_ttl_s <= 0):
            raise ValueError(f"a lifetime is more than 0 seconds, not {self.ttl_s!r} and {self.none_ttl_s!r}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"the jitter is from 0 to less than 1, not {self.jitter!r}")
        if self.flight_s < 0 or self.early < 0:
            raise ValueError("flight_s and early are not negative")

    def of(self, value: object) -> float:
        """Return how long a value is stored."""
        ttl_s = self.none_ttl_s if value is None and self.none_ttl_s is not None else self.ttl_s
        return ttl_s * (1 - self.jitter * random.random())
