"""A PullRequest for a terminal: the branch, its commits and files, and what speaks for it; the body is Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count
from pgwright.model.pull_request import PullRequest
from pgwright.report.parts import Indented, plain
from pgwright.report.pull_request import words
from pgwright.report.screen import Screen


def show(result: PullRequest, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(result.title, "bold"), 0, 2)
    start = f"{result.base_branch} at {result.base[:12]}" if result.base_branch else result.base[:12]
    yield Indented(Text.assemble("branch ", plain(result.branch, "cyan"), plain(f", from {start}")), 0, 2)
    for number, commit in enumerate(result.commits, start=1):
        yield Indented(Text.assemble("\n" if number == 1 else "", (f"{number}. ", "bold"), plain(commit.subject)), 2, 3)
        for file in commit.files:
            yield Indented(plain(f"{file.path} +{file.added:,} −{file.removed:,}", "dim"), 5, 2)
    yield Text()
    yield Indented(Text(f"{words.does(result)} The gain is {words.state(result)}."), 0)
    for row in words.rows(result):
        yield Indented(plain(f"{row.number}. {row.title}{f': {row.gain}' if row.gain else ''}"), 2, 3)
    for sentence in words.verdict(result):
        yield Indented(plain(sentence), 0)
    for number, remedy in words.unsafe(result):
        yield Indented(plain(f"Change {number} is not safe on a busy table. {remedy.warning}", "yellow"), 0, 2)
    if hand := words.by_hand(result):
        yield Indented(
            Text(f"{count(len(hand), 'change')} of the models by hand: the body has the lines.", "yellow"), 0
        )
