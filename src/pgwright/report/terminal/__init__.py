"""Results for a terminal: colours only where they are wanted, every width, nothing that a name could steer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from io import StringIO

from rich.console import Console, RenderableType

from pgwright.model.advice import Advice
from pgwright.model.comparison import StatementComparison
from pgwright.model.finding import Diagnosis
from pgwright.model.fix import Fix
from pgwright.model.probe import Probe
from pgwright.model.proof import Proof
from pgwright.report.terminal.advice import show_advice
from pgwright.report.terminal.diagnosis import show_diagnosis
from pgwright.report.terminal.fix import show_fix
from pgwright.report.terminal.plan import show_comparison
from pgwright.report.terminal.probe import show_probe
from pgwright.report.terminal.proof import show_proof

# Spaces at the end of a line, and before the codes that end its colour.
_TRAILING = re.compile(r"[ \t]+((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


@dataclass(frozen=True)
class Screen:
    """What the text is made for."""

    width: int = 100
    has_color: bool = False
    shows_all: bool = False
    """Long lists in full."""


def render_terminal(result: object, screen: Screen) -> str:
    """Return the result as lines no wider than the screen, with ANSI colours where it has them."""
    console = Console(
        file=StringIO(),
        width=screen.width,
        force_terminal=screen.has_color,
        no_color=not screen.has_color,
        color_system="standard" if screen.has_color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for part in _show(result, screen):
            console.print(part)
    return _TRAILING.sub(r"\1", capture.get().strip("\n")) + "\n"


@singledispatch
def _show(result: object, screen: Screen) -> Iterator[RenderableType]:
    raise TypeError(f"no terminal text for {type(result).__name__}")


@_show.register
def _(result: Diagnosis, screen: Screen) -> Iterator[RenderableType]:
    return show_diagnosis(result, shows_all=screen.shows_all)


@_show.register
def _(result: Advice, screen: Screen) -> Iterator[RenderableType]:
    return show_advice(result, shows_all=screen.shows_all)


@_show.register
def _(result: Fix, screen: Screen) -> Iterator[RenderableType]:
    return show_fix(result, shows_all=screen.shows_all)


@_show.register
def _(result: Proof, screen: Screen) -> Iterator[RenderableType]:
    return show_proof(result, shows_all=screen.shows_all)


@_show.register
def _(result: StatementComparison, screen: Screen) -> Iterator[RenderableType]:
    return show_comparison(result, width=screen.width)


@_show.register
def _(result: Probe, screen: Screen) -> Iterator[RenderableType]:
    return show_probe(result, shows_all=screen.shows_all)
