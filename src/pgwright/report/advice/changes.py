"""What an advice changes for statements, for a terminal: the plans before and after, and those at risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count
from pgwright.model.advice import Advice, ChangedStatement, Risk
from pgwright.report.advice import words
from pgwright.report.parts import Indented, first, heading, hidden, plain
from pgwright.report.quoting import gist

_STATEMENT = 100
_MOST_PLANS = 3
_STYLES = {"-": "red", "+": "green", " ": "dim"}


def show_risks(advice: Advice, *, shows_all: bool) -> Iterator[RenderableType]:
    """Show the statements that may become slower, then those for whose sake an index was left out."""
    for title, risks in words.risks(advice):
        yield heading(title)
        yield from _risks(risks, shows_all)


def _risks(risks: Sequence[Risk], shows_all: bool) -> Iterator[RenderableType]:
    shown = first(risks, shows_all=shows_all)
    for risk in shown:
        yield Indented(Text.assemble("- ", plain(gist(risk.text, _STATEMENT), "bold")), 2, 2)
        yield Indented(plain(f"{risk.reason} {words.safety(risk)}".strip()), 4)
        yield Indented(_costs(risk), 4)
        if risk.indexes:
            yield Indented(Text.assemble(("by: ", "dim"), plain(", ".join(risk.indexes))), 4, 2)
    if len(shown) < len(risks):
        yield Indented(hidden(len(risks) - len(shown), "statement"), 2)


def show_changed(advice: Advice, *, shows_all: bool) -> Iterator[RenderableType]:
    """Show the plans that change most: lines that go with -, lines that come with +."""
    if not advice.changed:
        return
    yield heading(f"Plans that change ({count(len(advice.changed), 'statement')}; - before, + after)")
    shown = advice.changed if shows_all else advice.changed[:_MOST_PLANS]
    for one in shown:
        yield Indented(plain(gist(one.text, _STATEMENT), "bold"), 2, 2)
        yield Indented(_costs(one), 2)
        for line in words.plan_changes(one.plan_before, one.plan_after):
            yield Indented(plain(f"{line.mark} {line.text}", _STYLES[line.mark]), 4, 4)
    if len(shown) < len(advice.changed):
        yield Indented(hidden(len(advice.changed) - len(shown), "plan"), 2)


def _costs(one: Risk | ChangedStatement) -> Text:
    return Text.assemble(words.costs(one), (" (planned)", "dim"))
