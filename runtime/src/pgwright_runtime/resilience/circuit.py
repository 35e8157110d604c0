"""The states of a breaker, and what leads from one to the other. It knows neither calls nor engines.

closed ──▶ open        after failures
open ──▶ half-open     after a pause, with the next call, which is the probe; all others are still refused
half-open ──▶ closed   the probe succeeds
half-open ──▶ open     the probe fails, and the pause grows
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal, Protocol

from pgwright_runtime.resilience.errors import CircuitOpen
from pgwright_runtime.resilience.settings import BreakerSettings
from pgwright_runtime.resilience.window import Window

State = Literal["closed", "open", "half-open"]
Outcome = Literal["succeeded", "failed", "unknown"]
_JITTER = 0.25


@dataclass(frozen=True, eq=False)
class CircuitCall:
    """A call that was let through."""

    period: int
    """Which of the times between two changes it belongs to; what it says later is of no interest."""
    is_probe: bool = False


class Observer(Protocol):
    """Is told what a circuit does; must not fail, nor ask it."""

    def changed(self, state: State, pause_s: float) -> None:
        """It has another state; open: for a pause that it decided itself, else 0."""

    def rejected(self) -> None: ...
    def probed(self, outcome: Outcome) -> None: ...


class Circuit:
    """One breaker's state in this process; for any number of threads and tasks."""

    def __init__(
        self, name: str, settings: BreakerSettings, *observers: Observer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._settings, self._clock, self.observers = name, settings, clock, list(observers)
        self._lock = Lock()
        self._state: State = "closed"
        self._call = CircuitCall(0)
        self._probe: CircuitCall | None = None
        self._row: deque[float] = deque(maxlen=settings.failures)
        self._window = Window(settings.window_s)
        self._pause_s, self._until, self._closed_at = 0.0, 0.0, float("-inf")
        self._is_hearsay = False
        self._answered_at = self.opened_at = float("-inf")

    @property
    def state(self) -> State:
        return self._state

    def enter(self) -> CircuitCall:
        """Let a call through. Raises: CircuitOpen."""
        # Without the lock: a call that begins as the circuit opens belongs to the period before.
        if self._is_closed():
            return self._call
        with self._lock:
            if self._is_closed():
                return self._call
            if self._clock() >= self._until:
                return self._begin_probe()
        for observer in self.observers:
            observer.rejected()
        raise self.refusal()

    def refusal(self) -> CircuitOpen:
        return CircuitOpen(self._name, max(0.0, min(self._until - self._clock(), self._settings.longest_pause_s)))

    def leave(self, call: CircuitCall, outcome: Outcome) -> None:
        """Take what became of a call; unknown: it says nothing of what was called."""
        with self._lock:
            if call is self._probe:
                self._end_probe(outcome)
            elif call is self._call and self._state == "closed" and outcome != "unknown":
                self._count(has_failed=outcome == "failed")

    def count(self, *, has_failed: bool) -> None:
        """Count what happened outside of a call, while closed."""
        with self._lock:
            if self._state == "closed":
                self._count(has_failed=has_failed)

    def hear_open(self, seconds: float, age_s: float) -> None:
        """Open because another process did so long ago, unless this one has had an answer since."""
        with self._lock:
            if self._state == "closed" and self._answered_at < self._clock() - age_s:
                self._is_hearsay = True
                self._open(min(seconds, self._settings.longest_pause_s))

    def hear_closed(self) -> None:
        """Let the next call probe, if the circuit is open only because another process had opened."""
        with self._lock:
            if self._state == "open" and self._is_hearsay:
                self._until = self._clock()

    def _is_closed(self) -> bool:
        return self._state == "closed"

    def _count(self, *, has_failed: bool) -> None:
        now = self._clock()
        self._window.add(now, has_failed=has_failed)
        if not has_failed:
            self._row.clear()
            self._answered_at = now
            return
        self._row.append(now)
        calls, failed = self._window.count(now)
        settings = self._settings
        is_row = len(self._row) == settings.failures and now - self._row[0] <= settings.window_s
        if is_row or (calls >= settings.least_calls and failed >= settings.share * calls):
            if now - self._closed_at > settings.window_s:
                self._pause_s = 0.0
            self._is_hearsay = False
            self._open_for_longer()

    def _open_for_longer(self) -> None:
        self._pause_s = min(max(2 * self._pause_s, self._settings.pause_s), self._settings.longest_pause_s)
        pause_s = self._pause_s * (1 - _JITTER * random.random())
        self._open(pause_s, told_s=pause_s)

    def _open(self, pause_s: float, told_s: float = 0.0) -> None:
        now = self._clock()
        if self._state == "closed":
            self.opened_at = now
        self._until = now + pause_s
        self._probe = None
        self._change("open", told_s)

    def _begin_probe(self) -> CircuitCall:
        self._probe = CircuitCall(self._call.period, is_probe=True)
        # Whoever asks meanwhile is refused, unless the probe is lost.
        self._until = self._clock() + self._settings.probe_s
        self._change("half-open")
        return self._probe

    def _end_probe(self, outcome: Outcome) -> None:
        for observer in self.observers:
            observer.probed(outcome)
        self._probe = None
        if outcome == "unknown":
            self._until = self._clock()
        elif outcome == "failed":
            self._is_hearsay = False
            self._open_for_longer()
        else:
            self._row.clear()
            self._window.clear()
            self._closed_at = self._answered_at = self._clock()
            self._change("closed")

    def _change(self, state: State, pause_s: float = 0.0) -> None:
        if state != self._state:
            self._call = CircuitCall(self._call.period + 1)
        self._state = state
        for observer in self.observers:
            observer.changed(state, pause_s)
