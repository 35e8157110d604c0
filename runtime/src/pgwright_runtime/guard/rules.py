"""What a guard takes for a problem."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """What counts as a problem, and whose code is yours.

    Raises: ValueError: `lazy_loads` is below 1, `repeats` below 2, or one text is given for a collection.
    """

    lazy_loads: int = 2
    """From so many parents on, lazy loads of a relationship are a problem."""
    repeats: int = 3
    """From so many executions on, a statement that loads no relationship is a problem."""
    ignore: Collection[str] = ()
    """Relationships that are never reported, as `Notebook.sources`."""
    packages: Collection[str] = ()
    """Top-level packages that are your code although they are installed in site-packages."""

    def __post_init__(self) -> None:
        if self.lazy_loads < 1 or self.repeats < 2:
            raise ValueError(f"lazy_loads is {self.lazy_loads}, at least 1; repeats is {self.repeats}, at least 2")
        for name, given in (("ignore", self.ignore), ("packages", self.packages)):
            if isinstance(given, str):
                raise ValueError(f"give a collection: {name}=[{given!r}], not {name}={given!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRules(GuardRules):
    """The rules of a unit: those of its guard, and what the guard's mode adds.

    Raises: ValueError: also if `max_queries` is below 0.
    """

    max_queries: int | None = None
    finds_unused: bool = True
    locates_all: bool = False
    """Whether every statement gets its place, not only those that repeat."""

    def __post_init__(self) -> None:
        GuardRules.__post_init__(self)  # super() does not know the class that slots=True makes of this one
        if self.max_queries is not None and self.max_queries < 0:
            raise ValueError(f"max_queries is {self.max_queries}, at least 0")
