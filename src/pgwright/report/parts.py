"""The parts that every terminal report is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from rich.console import Console, ConsoleOptions, OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from pgwright.figures import count
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.report.planned_on import which_server
from pgwright.visible import as_line, visible

# Below this a table of figures folds its numbers; each row becomes a small list instead.
_TABLE_WIDTH = 72
# What a line holds where there is room, in characters.
WIDE = 100
_MOST_SHOWN = 5

T = TypeVar("T")


@dataclass
class Indented:
    """Text wrapped to the screen, each line indented; later lines of a paragraph `hang` deeper."""

    text: Text
    indent: int = 2
    hang: int = 0
    most: int | None = None
    """Lines that it may take, the rest is cut; a narrow screen takes as many more as it is narrower. None: all."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        # A screen too narrow for the indent gets none.
        is_wide = options.max_width > 2 * (self.indent + self.hang)
        indent, hang = (self.indent, self.hang) if is_wide else (0, 0)
        most = None if self.most is None else self.most * (ceil(WIDE / options.max_width) if is_narrow(options) else 1)
        if most == 1:
            yield Text(" " * indent) + self._one_line(options.max_width - indent)
            return
        width = options.max_width - indent - hang
        lines = [
            (line, indent + (hang if number else 0))
            for paragraph in self.text.split("\n", allow_blank=True)
            for number, line in enumerate(paragraph.wrap(console, width))
        ]
        for number, (line, margin) in enumerate(lines[:most], start=1):
            line.rstrip()
            if number == most and len(lines) > most:
                line.truncate(width - 1)
                line.append("…")
            yield Text(" " * margin) + line

    def _one_line(self, width: int) -> Text:
        """Return the text cut at the end of the line, wherever a word ends."""
        line = self.text.copy()
        line.rstrip()
        if line.cell_len > width:
            line.truncate(width - 1)
            line.append("…")
        return line


def is_narrow(options: ConsoleOptions) -> bool:
    """Tell whether a screen has too little room for tables and for texts cut to a line."""
    return options.max_width < _TABLE_WIDTH


def show_server(one: PlannedOn) -> RenderableType:
    """Return the line that says which server planned."""
    return Indented(plain(which_server(one), "dim"), 0, 2)


def heading(text: str) -> Text:
    """Return a heading with a blank line above."""
    return Text("\n" + as_line(text), style="bold")


def plain(text: str, style: str = "") -> Text:
    """Return user text, made harmless, on one line."""
    return Text(as_line(text), style=style)


def block(text: str, style: str = "") -> Text:
    """Return user text that may have several lines, as SQL; the later ones are indented."""
    return Text(visible(text).replace("\n", "\n  "), style=style)


def hidden(number: int, noun: str) -> Text:
    """Return the line that says how much is not shown."""
    return Text(f"… and {count(number, f'more {noun}')}; --all shows everything.", style="dim")


def figures(
    columns: Sequence[str], rows: Sequence[Sequence[Text]], *, names: int = 1, is_cut: bool = False
) -> RenderableType:
    """Return a table whose first `names` columns are text and whose others are figures; a list where it is narrow.

    `is_cut`: a name that has too little room is cut, so that each row takes one line.
    """
    return _Figures(columns, rows, names, is_cut)


@dataclass
class _Figures:
    columns: Sequence[str]
    rows: Sequence[Sequence[Text]]
    names: int
    is_cut: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if is_narrow(options):
            yield from self._list()
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for number, column in enumerate(self.columns):
            is_name = number < self.names
            overflow: OverflowMethod = "ellipsis" if is_name and self.is_cut else "fold"
            table.add_column(column, justify="left" if is_name else "right", overflow=overflow, vertical="top")
        for row in self.rows:
            for cell in row[: self.names]:
                cell.no_wrap = self.is_cut
            table.add_row(*row)
        yield table

    def _list(self) -> Iterator[RenderableType]:
        for row in self.rows:
            yield Indented(row[0], 0, 2)
            for column, cell in zip(self.columns[1:], row[1:], strict=True):
                if not cell.plain:
                    continue
                yield Indented(Text(f"{column}: ", style="dim") + cell, 2, 2)


def show_not_examined(missing: Sequence[NotExamined], *, title: str = "Not examined") -> Iterator[RenderableType]:
    """Say what was not looked at, why, and what would help: never hidden."""
    if not missing:
        return
    yield heading(title)
    for one in missing:
        yield Missing(one.what, one.reason, one.remedy)


@dataclass
class Missing:
    """What was not looked at, why, and what would help: that on the same line where it has the room."""

    what: str
    reason: str
    remedy: str
    most: int | None = None
    """Lines that what and why may take; the remedy then takes one. None: all."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        said = Text.assemble("- ", plain(self.what, "bold"), ": ", plain(self.reason))
        remedy = Text.assemble(("→ ", "cyan"), plain(self.remedy)) if self.remedy else Text()
        together = Text.assemble(said, "  ", remedy)
        if self.remedy and together.cell_len + 4 <= options.max_width:
            yield Indented(together, 2, 2)
            return
        yield Indented(said, 2, 2, self.most)
        if self.remedy:
            yield Indented(remedy, 4, 2, None if self.most is None else 1)


def first(items: Sequence[T], *, shows_all: bool, most: int = _MOST_SHOWN) -> Sequence[T]:
    """Return as many as are shown: all, or the first few; one more than that costs no more than saying so."""
    return items if shows_all or len(items) <= most + 1 else items[:most]
