"""What becomes of the app's models, for a terminal: a diff, and the lines to paste where nothing could be edited."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.files import from_here
from pgwright.model.fix import Fix
from pgwright.model.patch import FileEdit, HandEdit
from pgwright.report.fix import words
from pgwright.report.parts import Indented, heading, hidden, plain
from pgwright.visible import as_line

# Of a longer diff the beginning is shown; five indexes fit. Where the files are edited, they show the rest.
_MOST_LINES, _MOST_LINES_WRITTEN = 60, 12
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_models(fix: Fix, shows_all: bool) -> Iterator[RenderableType]:
    """Yield the diffs, what is known of them, and what is left to a person."""
    patch = fix.models
    if patch is None or not (patch.edits or patch.by_hand):
        return
    yield heading("In the models")
    room = _MOST_LINES if patch.verified is None else _MOST_LINES_WRITTEN
    left = 0
    for edit in patch.edits:
        lines = edit.short_diff
        shown = lines if shows_all else _whole(lines, room)
        room, left = room - len(shown), left + len(lines) - len(shown)
        yield from _diff(edit, shown)
    if left:
        yield Indented(hidden(left, "line"), 4)
    for sentence in words.of_models(fix):
        yield Indented(plain(sentence, "dim"), 2, 0)
    for one in patch.by_hand:
        yield from _by_hand(one)


def _whole(lines: list[str], room: int) -> list[str]:
    """Return the beginning of a diff, whole parts of it where one fits."""
    ends = [place for place, line in enumerate(lines) if line.startswith("@@") and 0 < place <= room]
    return lines[: max(ends, default=room)] if len(lines) > room else lines


def _diff(edit: FileEdit, lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield Indented(plain(str(from_here(edit.path)), "bold"), 2, 2)
    for line in lines:
        yield Indented(Text(as_line(line), _STYLES.get(line[:1], "")), 4, 0, most=1)


def _by_hand(one: HandEdit) -> Iterator[RenderableType]:
    yield Indented(Text.assemble(("by hand  ", "yellow"), plain(one.what, "bold"), plain(f": {one.reason}")), 2, 9)
    for line in one.lines:
        yield Indented(plain(line, "cyan"), 11, 2)
