"""A Deployment for a terminal: the verdict, the indexes, and the statements before and after."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.deployment import Deployment
from pgwright.report.deployment import words
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain, show_not_examined
from pgwright.report.screen import Screen

_MOST_STATEMENTS = 10


def show(result: Deployment, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Text.assemble(plain(", ".join(result.revisions) or "no revision", "bold"), "  ", plain(words.where(result)))
    is_good = result.status in ("confirmed", "rolled back", "nothing to do")
    yield plain(words.verdict(result), "bold green" if is_good else "bold yellow")
    if result.indexes:
        yield Indented(plain(words.windows(result), "dim"), 0)
        yield heading("Indexes (read)")
        yield figures(words.INDEX_COLUMNS, [list(map(plain, words.index_row(one))) for one in result.indexes], names=2)
    if result.statements:
        yield heading("Statements on their tables (read, of both windows)")
        shown = first(result.statements, shows_all=screen.shows_all, most=_MOST_STATEMENTS)
        yield figures(
            words.STATEMENT_COLUMNS, [list(map(plain, words.statement_row(one))) for one in shown], is_cut=True
        )
        if len(shown) < len(result.statements):
            yield hidden(len(result.statements) - len(shown), "statement")
    yield heading("Backup")
    for line in words.backup(result):
        yield Indented(plain(line), 2, 2)
    yield from show_not_examined(result.not_examined)
    if steps := words.next_steps(result):
        yield heading("Next")
    for step in steps:
        yield Indented(plain(step), 2, 2)
