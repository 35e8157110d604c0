"""The units that a statement belongs to: those of the running task or thread, and those of the whole process."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from typing import Any

from pgwright_runtime.guard.reads import report_reads_to
from pgwright_runtime.guard.units import Unit

_active: ContextVar[tuple[Unit, ...]] = ContextVar("pgwright_guard_units", default=())
_everywhere: tuple[Unit, ...] = ()
_changing_everywhere = Lock()


def active_units() -> tuple[Unit, ...]:
    """Return the units of this task or thread, and those of the whole process."""
    return _active.get() + _everywhere


def has_units() -> bool:
    """Return whether this task or thread has units of its own."""
    return bool(_active.get())


def enter(unit: Unit, *, everywhere: bool = False) -> None:
    global _everywhere
    if everywhere:
        with _changing_everywhere:
            _everywhere = (*_everywhere, unit)
    else:
        _active.set((*_active.get(), unit))


def set_units(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Set the units of this task or thread, and return those before."""
    before = _active.get()
    _active.set(units)
    return before


def carried(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs inside the units of its caller now, in whatever thread."""
    units = _active.get()

    def run(*arguments: Any, **named: Any) -> Any:
        before = set_units(units)
        try:
            return function(*arguments, **named)
        finally:
            set_units(before)  # a pool's thread goes on with other work

    return run


def leave(unit: Unit) -> None:
    global _everywhere
    if unit in _everywhere:
        with _changing_everywhere:
            _everywhere = tuple(other for other in _everywhere if other is not unit)
    _active.set(tuple(other for other in _active.get() if other is not unit))


report_reads_to(active_units)
