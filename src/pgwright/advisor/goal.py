"""What the advisor is asked for: how much room, which kinds of index, how statements count, how long it may think."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pgwright.model.index import IndexDefinition

Weights = Literal["calls", "time", "equal"]
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Goal:
    """The question to the advisor; the default asks for all that is worth its bytes and its writes."""

    budget_bytes: int | None = None
    """The most that all advised indexes together may take; None: no limit."""
    least_gain: float | None = None
    """The next index must save at least this share of the workload's planned cost. None: a small share that grows with
    its bytes, or less where a statement becomes notably cheaper."""
    weights: Weights = "calls"
    """What a statement counts: planned cost times calls, its measured time, or its planned cost once."""
    deadline_seconds: float = DEADLINE_SECONDS
    methods: frozenset[str] | None = None
    """Access methods that may be proposed, as `btree`; None: all."""
    most_keys: int = 4
    is_plain: bool = False
    """True: whole columns only; no INCLUDE, no predicate, no expression."""
    takes_risks: bool = False
    """True: keep an index even where a hot statement may become slower by it."""
    size_of: Callable[[IndexDefinition], int] | None = None
    """Bytes that an index counts against the budget; None: its estimated size."""
