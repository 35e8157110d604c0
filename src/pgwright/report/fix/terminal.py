"""A Fix for a terminal: few remedies in full, many in a line each but for what is unsafe; then what is left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count, listing
from pgwright.model.change import CreateIndex
from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy
from pgwright.report.fix import words
from pgwright.report.fix.models import show_models
from pgwright.report.parts import Indented, block, first, heading, hidden, plain, show_not_examined
from pgwright.report.screen import Screen

# So many remedies are shown in full.
_FEW = 5
# Of more a line each, but for what is unsafe, and all new indexes on one.
_MOST_SAFE, _MOST_INDEXES = 20, 40


def show(fix: Fix, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all, unsafe = screen.shows_all, words.unsafe(fix)
    how_many = f"{unsafe} of them " if 0 < unsafe < len(fix.remedies) else ""
    yield Text.assemble(
        (count(len(fix.remedies), "remedy"), "bold"), f", {how_many}unsafe on a busy table" if unsafe else ""
    )
    if shows_all or len(fix.remedies) <= _FEW:
        for remedy in fix.remedies:
            yield from _remedy(remedy, shows_all, tells_models=fix.models is None)
    else:
        yield from _short(fix.remedies, tells_models=fix.models is None)
    yield from _proved(fix)
    yield from show_models(fix, shows_all)
    yield from show_not_examined(fix.refused, title="Not written")
    yield from _later(fix, shows_all)
    if shows_all:
        yield from show_not_examined(fix.not_examined)
        yield from _by_hand(fix.by_hand)
    else:
        yield from _left(fix)


def _proved(fix: Fix) -> Iterator[RenderableType]:
    """Say what was measured of all together; of single remedies it stands there."""
    for number, sentence in enumerate(words.proved(fix)):
        yield Indented(Text("" if number else "\n") + plain(sentence), 0)


def _later(fix: Fix, shows_all: bool) -> Iterator[RenderableType]:
    """List what was not written and what it would bring, by the reason."""
    if fix.later:
        yield heading("Left for later")
    for title, command, left in words.left(fix):
        is_counted = left[0].reason == "safe" and not shows_all
        number = plain(f"  ({count(len(left), 'change')})" if is_counted else "", "dim")
        yield Indented(Text.assemble((title, "bold"), (f": {command}" if command else "", "cyan"), number), 2, 2)
        if is_counted:  # they are what pgwright fix writes, and lists with what they bring
            continue
        shown = first(left, shows_all=shows_all)
        for one in shown:
            gain = f": {one.gain.words}" if one.gain.words else ""
            yield Indented(plain(f"- {one.title}{gain}"), 4, 2)
            if alone := words.command_for(one, command):
                yield Indented(plain(alone, "cyan"), 6, 2)
        if len(shown) < len(left):
            yield Indented(hidden(len(left) - len(shown), "finding"), 4)


def _by_hand(keys: Sequence[str]) -> Iterator[RenderableType]:
    if keys:
        yield heading("For a person to decide")
    for key in keys:
        yield Indented(plain(f"- {key}"), 2, 2)


def _left(fix: Fix) -> Iterator[RenderableType]:
    """Name what nothing answers, in a sentence each: why, check has told."""
    counts = Counter(key.partition(":")[0] for key in fix.by_hand)
    checks = ", ".join(check if number == 1 else f"{check} ({number} times)" for check, number in counts.items())
    missing = "; ".join(one.what for one in fix.not_examined)
    for number, (title, names) in enumerate((("For a person to decide", checks), ("Not examined", missing))):
        if names:
            line = Text.assemble("" if number and checks else "\n", (f"{title}: ", "bold"), plain(names))
            yield Indented(line + Text("; --all tells more.", "dim"), 0, 2)


def _short(remedies: Sequence[Remedy], *, tells_models: bool) -> Iterator[RenderableType]:
    """Show a line each, of new indexes one for all, and of what is unsafe the warning; that is never left out."""
    safe = [one for one in remedies if one.is_safe]
    built = [one.change.definition for one in safe if isinstance(one.change, CreateIndex)]
    others = first([one for one in safe if not isinstance(one.change, CreateIndex)], shows_all=False, most=_MOST_SAFE)
    for remedy in remedies:
        if not remedy.is_safe or remedy in others:
            yield from _head(remedy, with_locks=False)
    if built:
        named = listing([f"{one.table.short} {one.outline}" for one in built], most=_MOST_INDEXES)
        title = Text.assemble(("safe  ", "green"), "  ", (f"Create {count(len(built), 'index')}", "bold"))
        yield Indented(title + plain(f", while reads and writes go on: {named}"), 0, 8)
    if left := len(safe) - len(built) - len(others):
        yield hidden(left, "remedy")
    told = "its locks, the findings that it answers, and what to write in the models"
    told = told if tells_models else "its locks, and the findings that it answers"
    yield Indented(Text(f"Of each, --all shows {told}.", "dim"), 0)


def _head(remedy: Remedy, *, with_locks: bool) -> Iterator[RenderableType]:
    mark, style = ("safe  ", "green") if remedy.is_safe else ("UNSAFE", "bold red")
    yield Indented(Text.assemble((mark, style), "  ", plain(remedy.title, "bold")), 0, 8)
    if brings := words.brings(remedy):
        yield Indented(plain(brings), 8, 2)
    if with_locks or not remedy.is_safe:
        yield Indented(Text(f"{words.locks(remedy)}{words.expected(remedy)}", "dim"), 8)
    if remedy.warning:
        yield Indented(plain(remedy.warning, "yellow"), 8)
    if remedy.deploy:
        yield Indented(plain(remedy.deploy, "yellow"), 8)


def _remedy(remedy: Remedy, shows_all: bool, *, tells_models: bool) -> Iterator[RenderableType]:
    yield from _head(remedy, with_locks=True)
    answers = first(remedy.findings, shows_all=shows_all)
    more = f" and {len(remedy.findings) - len(answers)} more" if len(answers) < len(remedy.findings) else ""
    yield Indented(Text.assemble(("answers ", "dim"), plain(", ".join(answers) + more)), 8, 2)
    if remedy.model_hint and tells_models:
        yield Indented(Text("in the models:", "dim"), 8)
        yield Indented(block(remedy.model_hint, "cyan"), 10, 2)
