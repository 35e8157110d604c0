"""A Backfilled for a terminal: each backfill, what became of it, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.backfilled import Backfilled
from pgwright.report.backfill import words
from pgwright.report.parts import Indented, plain
from pgwright.report.screen import Screen


def show(result: Backfilled, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(words.title(result), "bold"), 0, 2)
    for one in result.backfills:
        yield Indented(Text.assemble("\n", plain(one.name, "bold"), ": ", plain(one.table, "cyan")), 0, 2)
        for line in words.what(one):
            yield Indented(plain(line), 2, 2)
        yield Indented(plain(words.state(one), "green" if one.is_done else ""), 2, 2)
        if said := words.work(one):
            yield Indented(plain(said, "dim"), 2, 2)
        for line in words.troubles(one):
            yield Indented(plain(f"- {line}", "yellow"), 2, 2)
        for line in one.notes:
            yield Indented(plain(f"- {line}", "dim"), 2, 2)
    yield Text()
    for sentence in words.conclusion(result):
        yield Indented(plain(sentence, "bold"), 0, 2)
