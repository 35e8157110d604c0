"""The limiter: rules, a store that counts, and what to do without it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pgwright_runtime import metrics
from pgwright_runtime._answering import Answering
from pgwright_runtime._asgi import Scope
from pgwright_runtime._publishing import Publisher
from pgwright_runtime.limits.decisions import Decision
from pgwright_runtime.limits.errors import StoreLost
from pgwright_runtime.limits.memory import MemoryCounts
from pgwright_runtime.limits.patience import StorePatience
from pgwright_runtime.limits.rules import Limit
from pgwright_runtime.limits.stores import Charge, CountStore, Standing

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_log = logging.getLogger("pgwright.limits")

WhenLost = Literal["open", "closed", "local"]
_WITHOUT_STORE = {
    "open": "all requests are let in",
    "closed": "no request is let in",
    "local": "this process counts on its own",
}


class Limiter:
    """Decides whether a request is let in: by all rules that apply to it, so the tightest one answers.

    A request that one rule refuses is counted by none.

    Args:
        rules: each with a name of its own.
        store: None: a `MemoryCounts`, of this process alone.
        when_lost: what becomes of requests while the store does not answer. "open": all are let in; "closed": none is,
            they are answered 503; "local": this process counts on its own, up to its share of each limit.
        time_limit_s: the longest that a request waits for the store.
        processes: among how many the limits are shared out while each counts on its own.
        registry: where metrics are published; None: nowhere.
    Raises:
        ValueError: two rules have one name, there is no rule, or a number is out of its range.
        ImportError: there is a registry, and prometheus_client is not installed.
    """

    def __init__(
        self,
        *rules: Limit,
        store: CountStore | None = None,
        when_lost: WhenLost = "local",
        time_limit_s: float = 0.05,
        processes: int = 1,
        registry: CollectorRegistry | None = None,
    ) -> None:
        if not rules or len({rule.name for rule in rules}) < len(rules):
            raise ValueError(f"a limiter has rules, each with a name of its own, not {[rule.name for rule in rules]}")
        if time_limit_s <= 0 or processes < 1:
            raise ValueError(f"time_limit_s is more than 0 and processes at least 1: {time_limit_s!r}, {processes!r}")
        if when_lost not in ("open", "closed", "local"):
            raise ValueError(f'when_lost is "open", "closed" or "local", not {when_lost!r}')
        self.rules, self._when_lost, self._processes = rules, when_lost, processes
        self._store: CountStore = MemoryCounts() if store is None else store
        self._of_store = Publisher(registry, when_lost)
        self._answering = Answering(_log, "the limits' store", _WITHOUT_STORE[when_lost])
        self._patience = StorePatience(self._store, time_limit_s, self._heard, self._failed)
        self._local = MemoryCounts()
        self._of_rules = {rule.name: Publisher(registry, rule.name) for rule in rules}
        self._begin_counters()

    async def decide(self, scope: Scope) -> Decision:
        """Count a request, and return whether it is let in."""
        asked = [(rule, charge) for rule in self.rules if (charge := await rule.charge(scope)) is not None]
        rules, charges = tuple(rule for rule, _ in asked), [charge for _, charge in asked]
        if not rules:
            return Decision(())
        if not self._store.is_remote:
            return self._counted(rules, await self._store.take(charges))
        try:
            return self._counted(rules, await self._patience.take(charges))
        except StoreLost:
            return await self._decide_alone(rules, charges)

    async def check(self, scope: Scope) -> Decision:
        """Count a request that is let in.

        Raises:
            LimitExceeded: it is not.
            LimitsUnavailable: the store is lost, and nobody is let in without it.
        """
        decision = await self.decide(scope)
        if not decision.is_allowed:
            raise decision.refusal()
        return decision

    async def aclose(self) -> None:
        """Let go of the store's connections."""
        await self._store.aclose()

    def _begin_counters(self) -> None:
        # From 0 on: Prometheus sees no increase in what begins with 1.
        for publisher in self._of_rules.values():
            publisher.add(metrics.LIMITS_ALLOWED, 0)
            publisher.add(metrics.LIMITS_LIMITED, 0)
        if self._store.is_remote:
            self._of_store.add(metrics.LIMITS_STORE_FAILURES, 0)
            self._of_store.add(metrics.LIMITS_UNCHECKED, 0)
            self._of_store.set(metrics.LIMITS_STORE_UP, 1)

    def _heard(self) -> None:
        self._answering.heard()
        # Each time: another limiter of this policy may have found the store lost, and not have asked again.
        self._of_store.set(metrics.LIMITS_STORE_UP, 1)

    def _failed(self, error: StoreLost) -> None:
        self._answering.failed(error.reason)
        self._of_store.add(metrics.LIMITS_STORE_FAILURES)
        self._of_store.set(metrics.LIMITS_STORE_UP, 0)

    async def _decide_alone(self, rules: tuple[Limit, ...], charges: Sequence[Charge]) -> Decision:
        self._of_store.add(metrics.LIMITS_UNCHECKED)
        if self._when_lost == "open":
            return Decision(rules)
        if self._when_lost == "closed":
            return Decision(rules, refused_for_s=max(1.0, self._patience.quiet_s))
        shares = [self._share(charge) for charge in charges]
        return self._counted(rules, await self._local.take(shares))

    def _share(self, charge: Charge) -> Charge:
        requests = max(1, charge.requests // self._processes)
        # What costs more than a share takes all of it, or it would never be let in.
        cost = min(charge.cost, requests) if charge.cost <= charge.requests else charge.cost
        return replace(charge, requests=requests, cost=cost)

    def _counted(self, rules: tuple[Limit, ...], standings: Sequence[Standing]) -> Decision:
        decision = Decision(rules, standings)
        is_allowed = decision.is_allowed
        for rule, standing in zip(rules, standings, strict=True):
            if is_allowed:
                self._of_rules[rule.name].add(metrics.LIMITS_ALLOWED)
            elif not standing.is_allowed:
                self._of_rules[rule.name].add(metrics.LIMITS_LIMITED)
        return decision
