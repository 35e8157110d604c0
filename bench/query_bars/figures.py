"""What a part of the benchmark gives: figures, with the bar that each has to meet."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    """"" for a ratio."""
    bar: str
    """As it is printed: "≤ 1.5"; "" where the figure is only shown."""
    met: bool


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    return Figure(name, value, unit, f"≤ {bar:g}", value <= bar)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    return Figure(name, value, unit, f"≥ {bar:g}", value >= bar)


def shown(name: str, value: float, unit: str) -> Figure:
    """Return a figure without a bar."""
    return Figure(name, value, unit, "", True)


async def in_turn(variants: Sequence[Callable[[], Awaitable[object]]], rounds: int) -> list[float]:
    """Run the variants in turn, so that other work on the machine disturbs all alike; median seconds of each."""
    seconds: list[list[float]] = [[] for _ in variants]
    for variant in variants:  # warm
        await variant()
    for _ in range(rounds):
        for taken, variant in zip(seconds, variants, strict=True):
            started = time.perf_counter()
            await variant()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in seconds]
