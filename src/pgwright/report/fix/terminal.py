"""A Fix for a terminal: each remedy with its lock and its duration, then what a person has to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count
from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy
from pgwright.report.fix import words
from pgwright.report.parts import Indented, block, first, heading, hidden, plain, show_not_examined
from pgwright.report.screen import Screen


def show(fix: Fix, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all, unsafe = screen.shows_all, words.unsafe(fix)
    yield Text.assemble(
        (count(len(fix.remedies), "remedy"), "bold"),
        f", {unsafe} of them unsafe on a busy table" if unsafe else "",
    )
    for remedy in fix.remedies:
        yield from _remedy(remedy, shows_all)
    yield from show_not_examined(fix.refused, title="Not written")
    yield from show_not_examined(fix.not_examined)
    if fix.by_hand:
        yield heading("For a person to decide")
        shown = first(fix.by_hand, shows_all=shows_all)
        for key in shown:
            yield Indented(plain(f"- {key}"), 2, 2)
        if len(shown) < len(fix.by_hand):
            yield Indented(hidden(len(fix.by_hand) - len(shown), "finding"), 2)


def _remedy(remedy: Remedy, shows_all: bool) -> Iterator[RenderableType]:
    mark, style = ("safe  ", "green") if remedy.is_safe else ("UNSAFE", "bold red")
    yield Indented(Text.assemble((mark, style), "  ", plain(remedy.title, "bold")), 0, 8)
    yield Indented(Text(f"{words.locks(remedy)}{words.expected(remedy)}", "dim"), 8)
    if remedy.warning:
        yield Indented(plain(remedy.warning, "yellow"), 8)
    answers = first(remedy.findings, shows_all=shows_all)
    more = f" and {len(remedy.findings) - len(answers)} more" if len(answers) < len(remedy.findings) else ""
    yield Indented(Text.assemble(("answers ", "dim"), plain(", ".join(answers) + more)), 8, 2)
    if remedy.model_hint:
        yield Indented(Text("in the models:", "dim"), 8)
        yield Indented(block(remedy.model_hint, "cyan"), 10, 2)
