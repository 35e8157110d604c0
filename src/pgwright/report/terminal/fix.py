"""A Fix for a terminal: each remedy with its lock and its duration, then what a person has to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy
from pgwright.report.figures import count, duration
from pgwright.report.terminal.parts import Indented, first, heading, hidden, plain, show_not_examined


def show_fix(plan: Fix, *, shows_all: bool) -> Iterator[RenderableType]:
    unsafe = sum(not remedy.is_safe for remedy in plan.remedies)
    yield Text.assemble(
        (count(len(plan.remedies), "remedy"), "bold"),
        f", {unsafe} of them unsafe on a busy table" if unsafe else "",
    )
    for remedy in plan.remedies:
        yield from _remedy(remedy, shows_all)
    yield from show_not_examined(plan.refused, title="Not written")
    if plan.by_hand:
        yield heading("For a person to decide")
        shown = first(plan.by_hand, shows_all=shows_all)
        for key in shown:
            yield Indented(plain(f"- {key}"), 2, 2)
        if len(shown) < len(plan.by_hand):
            yield Indented(hidden(len(plan.by_hand) - len(shown), "finding"), 2)


def _remedy(remedy: Remedy, shows_all: bool) -> Iterator[RenderableType]:
    mark, style = ("safe  ", "green") if remedy.is_safe else ("UNSAFE", "bold red")
    yield Indented(Text.assemble((mark, style), "  ", plain(remedy.title, "bold")), 0, 8)
    yield Indented(Text(f"{locks(remedy)}{expected(remedy)}", "dim"), 8)
    if remedy.warning:
        yield Indented(plain(remedy.warning, "yellow"), 8)
    answers = first(remedy.findings, shows_all=shows_all)
    more = f" and {len(remedy.findings) - len(answers)} more" if len(answers) < len(remedy.findings) else ""
    yield Indented(Text.assemble(("answers ", "dim"), plain(", ".join(answers) + more)), 8, 2)
    if remedy.model_hint:
        yield Indented(Text("in the models:", "dim"), 8)
        yield Indented(plain(remedy.model_hint, "cyan"), 10, 2)


def locks(remedy: Remedy) -> str:
    """Return the locks that the upgrade takes, as a phrase."""
    taken = dict.fromkeys(step.lock for step in remedy.upgrade if step.lock != "none")
    return f"lock {', '.join(taken)}" if taken else "no lock"


def expected(remedy: Remedy) -> str:
    """Return how long it is expected to take, as a phrase."""
    return "" if remedy.seconds_estimate is None else f", takes {duration(remedy.seconds_estimate)} (estimated)"
