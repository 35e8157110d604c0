"""An ErasureRun for a terminal: the counts by table, or what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.erasure import ErasureRun
from pgwright.report.erasure import words
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain
from pgwright.report.screen import Screen
from pgwright_runtime.erasure.outcome import ErasedTable

_MOST_STOPS = 20


def show(result: ErasureRun, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Text.assemble(plain(result.declaration, "bold"), "  ", plain(words.where(result)))
    if result.tables:
        yield heading("Rows (counted)")
        yield figures(words.COLUMNS, [_row(one) for one in result.tables])
    reasons = [(one.table, reason) for one in result.tables for reason in one.reasons]
    for table, reason in reasons:
        yield Indented(plain(f"{table}: {reason}"), 2, 2)
    if result.stops:
        yield heading("In the way")
    shown = first(result.stops, shows_all=screen.shows_all, most=_MOST_STOPS)
    for stop in shown:
        yield Indented(plain(stop.message), 2, 2)
        for answer in stop.answers:
            yield Indented(plain(answer, "cyan"), 6, 2)
    if len(shown) < len(result.stops):
        yield Indented(hidden(len(result.stops) - len(shown), "stop"), 2)
    if left := words.left(result):
        yield heading("May hold values of theirs still")
    for one in left:
        yield Indented(plain(one), 2, 2)
    yield Text()
    is_bad = result.status in ("stopped", "not found")
    yield plain(words.verdict(result), "bold yellow" if is_bad else "bold green")


def _row(one: ErasedTable) -> list[Text]:
    numbers = (one.deleted, one.anonymised, one.unlinked, one.kept)
    return [plain(one.table), *(Text(f"{number:,}" if number else "") for number in numbers)]
