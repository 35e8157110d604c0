"""The kinds of results, found by walking the folders of this one: a folder a kind, named as its `kind`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Generic, TypeVar

from rich.console import RenderableType

from pgwright.model.result import Result
from pgwright.report.screen import Screen
from pgwright.report.shape import Shapes

KINDS: tuple[str, ...] = tuple(
    sorted(found.name for found in iter_modules([str(Path(__file__).parent)]) if found.ispkg)
)

R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Kind(Generic[R]):
    """How one kind of result is shown. Beside it stand `page.html` and `page.md`."""

    result: type[R]
    version: int
    """`format` of its JSON: a number for each shape in which a key was renamed or removed."""
    show: Callable[[R, Screen], Iterator[RenderableType]]
    """The parts of its terminal text."""
    words: ModuleType
    """What it comes to, in words; the pages call its functions."""
    shapes: Shapes
    """How its JSON differs from its dataclasses."""
    shapes_of_all: Shapes | None = None
    """The same where long lists are wanted in full; None: none is cut."""

    @property
    def name(self) -> str:
        return self.result.kind


@cache
def load_kind(name: str) -> Kind[Any]:
    """Return the kind of this name, one of KINDS."""
    kind: Kind[Any] = import_module(f"pgwright.report.{name}").KIND
    return kind


def kind_of(result: Result) -> Kind[Any]:
    """Return how a result is shown."""
    return load_kind(result.kind)
