"""What a guard takes for a problem, the same for all its units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as a problem."""

    max_queries: int | None = None
    lazy_loads: int = 2
    """A lazy load from so many parents is a problem."""
    repeats: int = 3
    """A statement executed so often is a problem."""
    ignore: frozenset[str] = frozenset()
    """Relationships that are never reported, as `Notebook.sources`."""
    packages: frozenset[str] = frozenset()
    """Installed packages that are the user's own code."""
    finds_unused: bool = True
    locates_all: bool = False
    """Whether every statement gets its place, not only those that repeat."""
