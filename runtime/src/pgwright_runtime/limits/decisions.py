"""What a limiter decides on a request, and the header fields that tell the client of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pgwright_runtime.limits.errors import Fields, LimitError, LimitExceeded, LimitsUnavailable
from pgwright_runtime.limits.rules import Limit
from pgwright_runtime.limits.stores import Standing


@dataclass(frozen=True)
class Decision:
    """Whether a request is let in.

    Source of the fields: draft-ietf-httpapi-ratelimit-headers-10, structured fields by RFC 9651.
    """

    rules: Sequence[Limit]
    """Those that apply to the request."""
    standings: Sequence[Standing] = ()
    """One for each rule; empty where the store was lost."""
    refused_for_s: float = 0.0
    """More than 0: nobody is let in without the store, which is tried again after so many seconds."""

    @property
    def is_allowed(self) -> bool:
        return not self.refused_for_s and all(standing.is_allowed for standing in self.standings)

    @property
    def violated(self) -> tuple[str, ...]:
        """The rules that had no room, the one with the longest wait first."""
        refused = [
            (standing.wait_s, rule.name)
            for rule, standing in zip(self.rules, self.standings, strict=False)
            if not standing.is_allowed
        ]
        return tuple(name for _, name in sorted(refused, key=lambda each: -each[0]))

    @property
    def retry_after_s(self) -> int:
        """Whole seconds, at least 1, after which all rules would have room; 0: they have."""
        waits = [standing.wait_s for standing in self.standings if not standing.is_allowed]
        longest_s = max(waits, default=self.refused_for_s)
        return max(1, ceil(longest_s)) if longest_s or waits else 0

    @property
    def fields(self) -> Fields:
        """The header fields `ratelimit-policy` and `ratelimit`; the latter is left out where nothing is known."""
        if not self.rules:
            return ()
        policies = ", ".join(f'"{rule.name}";q={rule.requests};w={rule.seconds}' for rule in self.rules)
        if not self.standings:
            return (("ratelimit-policy", policies),)
        limits = ", ".join(
            f'"{rule.name}";r={standing.remaining};t={max(1, ceil(standing.wait_s))}'
            for rule, standing in zip(self.rules, self.standings, strict=True)
        )
        return ("ratelimit-policy", policies), ("ratelimit", limits)

    def refusal(self) -> LimitError:
        """Return the error that answers a request which is not let in."""
        if self.standings:
            return LimitExceeded(self.violated, self.retry_after_s, self.fields)
        return LimitsUnavailable(self.retry_after_s, self.fields)
