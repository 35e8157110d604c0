"""One call of a cached function: look, compute where nothing valid is there, keep."""

from __future__ import annotations

import asyncio
import math
import random
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from pgwright_runtime._background import Event, Runner, Tasks
from pgwright_runtime.caching.codecs import Codec
from pgwright_runtime.caching.entries import StoredValue, unpack
from pgwright_runtime.caching.errors import CacheWarning
from pgwright_runtime.caching.filling import CacheFilling, current_filling
from pgwright_runtime.caching.metrics import CacheMetrics
from pgwright_runtime.caching.settings import Lifetimes
from pgwright_runtime.caching.stores import Look, Store, StoreUnavailable
from pgwright_runtime.caching.tags import are_covered

V = TypeVar("V")

# How long is waited for another process's value before it is looked for again: doubled each time.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.005, 0.1


@dataclass(frozen=True)
class CachedCall(Generic[V]):
    """What one call is about."""

    name: str
    key: str
    tags: Sequence[str]
    names: frozenset[str]
    """Of the tables that it reads."""
    codec: Codec[V]
    lifetimes: Lifetimes


@dataclass(frozen=True, slots=True)
class _Found(Generic[V]):
    value: V
    computed_s: float
    seconds_left: float
    size: int

    def is_early(self, eagerness: float) -> bool:
        """Return whether this caller shall compute the value again before it ends."""
        return self.seconds_left <= -self.computed_s * eagerness * math.log(1.0 - random.random())


class Caller:
    """Makes calls on a store.

    Who waits for a value that another computes does not take it from there, for it may be from before a commit that
    the one who waits knows of: it looks into the store again.
    """

    def __init__(self, store: Store, metrics: CacheMetrics) -> None:
        self._store, self._metrics = store, metrics
        self._flights: dict[tuple[int, str], Event] = {}

    def call(self, call: CachedCall[V], compute: Callable[[], V], waits: Runner) -> V:
        """Return the value of a call, by sync code that waits as `waits` does."""
        began = time.monotonic()
        until = began + call.lifetimes.flight_s
        pause_s, has_waited = _FIRST_WAIT_S, False
        _let_cover(call.tags)
        while True:
            try:
                look = self._store.look(call.key, call.tags, call.lifetimes.flight_s, waits)
            except StoreUnavailable:
                self._metrics.bypass(call.name, "unavailable")
                return compute()
            found = self._found(look, call)
            if found is not None:
                if found.is_early(call.lifetimes.early):
                    return self._refresh(call, look, found, compute, waits)
                self._metrics.hit(call.name, time.monotonic() - began, found.size, has_waited=has_waited)
                return found.value
            if look.leads or time.monotonic() >= until:
                return self._compute(call, look, compute, waits)
            has_waited = True
            self._wait(call.key, pause_s, until, waits)
            pause_s = min(2 * pause_s, _LONGEST_WAIT_S)

    def _found(self, look: Look, call: CachedCall[V]) -> _Found[V] | None:
        """Return the value; None: there is none, or none that this code can read."""
        if look.payload is None:
            return None
        entry = unpack(look.payload, call.codec.name)
        if entry is not None:
            with suppress(ValueError, TypeError):
                value = call.codec.decode(entry.body)
                return _Found(value, entry.computed_s, look.seconds_left, len(entry.body))
        self._metrics.unreadable(call.name)
        return None

    def _refresh(self, call: CachedCall[V], look: Look, found: _Found[V], compute: Callable[[], V], waits: Runner) -> V:
        try:
            return self._compute(call, look, compute, waits)
        except Exception:  # noqa: BLE001, whatever it is: the value still holds
            return found.value

    def _compute(self, call: CachedCall[V], look: Look, compute: Callable[[], V], waits: Runner) -> V:
        self._metrics.miss(call.name)
        flight, own = waits.event(), (_place(waits), call.key)
        self._flights[own] = flight
        filling, around = CacheFilling(frozenset(call.tags), call.names), current_filling.get()
        is_kept = False
        began = time.monotonic()
        current_filling.set(filling)
        try:
            value = compute()
            is_kept = self._keep(call, look, value, time.monotonic() - began, filling, waits)
            return value
        finally:
            current_filling.set(around)
            if around is not None and filling.spoiled:
                around.spoil(filling.spoiled)
            if not is_kept:
                with suppress(StoreUnavailable):
                    self._store.leave(call.key, waits)
            self._flights.pop(own, None)
            flight.set()

    def _keep(
        self, call: CachedCall[V], look: Look, value: V, seconds: float, filling: CacheFilling, waits: Runner
    ) -> bool:
        """Store a value, if others may have it; return whether that ended the flight, too."""
        if filling.spoiled:
            if filling.forgotten:
                read = ", ".join(sorted(filling.forgotten))
                told = f"values of {call.name} are not cached: name in its reads what it reads besides: {read}"
                warnings.warn(told, CacheWarning, stacklevel=2)
            self._metrics.bypass(call.name, filling.spoiled)
            return False
        try:
            body = call.codec.encode(value)
        except (TypeError, ValueError) as error:
            warnings.warn(f"a value of {call.name} is not cached: {error}", CacheWarning, stacklevel=2)
            self._metrics.bypass(call.name, "not encoded")
            return False
        if len(body) > call.lifetimes.max_bytes:
            self._metrics.bypass(call.name, "too large")
            return False
        payload = StoredValue(call.codec.name, seconds, body).pack()
        try:
            self._store.keep(call.key, call.tags, look.stamp, payload, call.lifetimes.of(value), waits)
        except StoreUnavailable:
            self._metrics.bypass(call.name, "unavailable")
        return True

    def _wait(self, key: str, pause_s: float, until: float, waits: Runner) -> None:
        left_s = max(0.0, until - time.monotonic())
        flight = self._flights.get((_place(waits), key))
        if flight is not None:
            flight.wait(left_s)
        else:
            waits.pause(min(pause_s, left_s))


def _let_cover(tags: Sequence[str]) -> None:
    """Spoil the computation that makes this call if it does not name the tables that this one reads."""
    around = current_filling.get()
    if around is not None and not are_covered(tags, around.tags):
        around.spoil("uses another's tables")


def _place(waits: Runner) -> int:
    """Return what an event of ours belongs to: an event loop, or, for threads, nothing."""
    return id(asyncio.get_running_loop()) if isinstance(waits, Tasks) else 0
