"""A StatementComparison for a terminal: the plan, or two plans side by side; one below the other where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgwright.figures import size
from pgwright.model.comparison import PlanNode, StatementComparison, StatementPlan, TriedIndex
from pgwright.report.parts import Indented, heading, plain, show_not_examined, show_server
from pgwright.report.plan.words import CHANGED, SAME, comparison, context_note, figures_of, node_line, values_note
from pgwright.report.quoting import one_line
from pgwright.report.screen import Screen

_SIDE_BY_SIDE = 96
_STATEMENT = 400


def show(result: StatementComparison, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(one_line(result.text, _STATEMENT), "bold"), 0, 2)
    if note := values_note(result):
        yield Indented(plain(note, "dim"), 0, 2)
    yield show_server(result.planned_on)
    if note := context_note(result):
        yield Indented(plain(note, "dim"), 0, 2)
    if result.after is None:
        yield heading("Plan of production")
        yield _plan(result.before, "")
    else:
        yield Text()
        yield from _changes(result)
        yield from _both(result.before, result.after, screen.width)
    yield Text()
    style = "bold" if result.ratio is None else "bold green" if result.ratio < 1 else "bold yellow"
    yield Indented(Text(comparison(result), style), 0, 2)
    if result.after is not None:
        yield Indented(Text(f"{CHANGED} marks what differs. Planned on a twin, nothing measured.", "dim"), 0, 2)
    yield from show_not_examined(result.limits, title="Not as in production")


def _changes(result: StatementComparison) -> Iterator[RenderableType]:
    for one in result.added:
        yield Indented(_tried(one), 0, 2)
    for name in result.removed:
        yield Indented(Text.assemble(("- ", "red"), "without ", plain(name, "bold")), 0, 2)
    for name, value in result.settings:
        yield Indented(Text.assemble(("= ", "cyan"), plain(f"{name} = {value}", "bold")), 0, 2)


def _tried(one: TriedIndex) -> Text:
    use = ("used", "green") if one.is_used else ("not used", "yellow")
    return Text.assemble(("+ ", "green"), plain(one.sql, "bold"), "  ", use, f", {size(one.size_bytes)} (estimated)")


def _both(before: StatementPlan, after: StatementPlan, width: int) -> Iterator[RenderableType]:
    if width < _SIDE_BY_SIDE:
        yield heading("As it is")
        yield _plan(before, "red")
        yield heading("With the change")
        yield _plan(after, "green")
        return
    yield Text()
    table = Table.grid(padding=(0, 3, 0, 0), expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    table.add_row(Text("As it is", "bold"), Text("With the change", "bold"))
    table.add_row(_plan(before, "red"), _plan(after, "green"))
    yield table


def _plan(plan: StatementPlan, style: str) -> Group:
    return Group(*(line for node in plan.nodes for line in _node(node, style)))


def _node(node: PlanNode, style: str) -> Iterator[RenderableType]:
    mark, color = (CHANGED, style) if node.is_changed else (SAME, "")
    indent = 2 * node.depth
    head = Text.assemble((f"{mark} ", color), " " * indent, plain(node_line(node), color or "bold"))
    yield Indented(head, 0, indent + 4)
    yield Indented(Text(figures_of(node), "dim"), indent + 4)
    for name, text in node.conditions:
        yield Indented(Text.assemble(plain(f"{name}: ", "dim"), plain(text)), indent + 4, 2)
