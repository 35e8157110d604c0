"""A Retained for a terminal: by policy what went and what stays, then what it comes to."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.retained import Retained
from pgwright.report.parts import Indented, plain
from pgwright.report.retention import words
from pgwright.report.screen import Screen


def show(result: Retained, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(words.title(result), "bold"), 0, 2)
    yield Indented(plain(f"due as of {result.at}, by the server's clock", "dim"), 0, 2)
    for rule in result.rules:
        yield Indented(Text.assemble("\n", plain(rule.name, "bold"), ": ", plain(rule.says)), 0, 2)
        for table, rows in words.rows(rule):
            yield Indented(Text.assemble(plain(table, "cyan"), f": {rows} (counted)"), 2, 2)
        for line in words.kept(rule):
            yield Indented(plain(line, "yellow"), 2, 2)
        if not rule.rows and not rule.kept:
            yield Indented(Text("nothing is due" if result.is_dry_run else "nothing was due", "dim"), 2, 2)
        if said := words.work(rule):
            yield Indented(plain(said, "dim"), 2, 2)
        for line in rule.advice:
            yield Indented(plain(f"advice: {line}"), 2, 2)
    for one in result.partitions:
        yield Indented(Text.assemble("\n", plain(one.table, "bold"), ": partitions"), 0, 2)
        for line in words.partitions(result, one):
            yield Indented(plain(line), 2, 2)
        for name, reason in one.left.items():
            yield Indented(plain(f"left {name}: {reason}", "yellow"), 2, 2)
        for line in one.notes:
            yield Indented(plain(f"- {line}", "dim"), 2, 2)
    yield Text()
    for number, sentence in enumerate(words.conclusion(result)):
        yield Indented(plain(sentence, "bold" if not number else ""), 0, 2)
    for line in words.problems(result):
        yield Indented(plain(f"- {line}", "red"), 2, 2)
    for line in result.notes:
        yield Indented(plain(f"- {line}", "dim"), 2, 2)
