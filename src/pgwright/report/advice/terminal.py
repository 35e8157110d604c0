"""An Advice for a terminal: what to know first, the whole choice, then each index with its reasons and its price."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import cost, count, share, size
from pgwright.model.advice import Advice, DroppedIndex, IndexAdvice, ServedStatement
from pgwright.report.advice import words
from pgwright.report.advice.changes import show_changed, show_risks
from pgwright.report.advice.chart import FEWEST_POINTS
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain, show_not_examined, show_server
from pgwright.report.quoting import gist, one_line
from pgwright.report.screen import Screen

_STATEMENT = 100
_MOST_INDEXES = 10
_MOST_STEPS = 8
_BAR = 20
_CURVE_COLUMNS = ("with one more index", "of the cost before", "planned cost", "size of all")


def show(advice: Advice, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all = screen.shows_all
    for alarm in words.alarms(advice):
        yield Indented(plain(alarm, "bold yellow"), 0, 2)
        yield Text()
    yield Indented(
        Text.assemble(
            (f"{count(len(advice.indexes), 'index')} advised", "bold"),
            f" for {count(advice.statements, 'statement')} (planned on a twin of the database, nothing measured).",
        ),
        0,
    )
    yield show_server(advice.planned_on)
    for sentence in words.summary(advice):
        yield Indented(plain(sentence), 0)
    shown = first(advice.indexes, shows_all=shows_all, most=_MOST_INDEXES)
    for number, index in enumerate(shown, 1):
        yield Text()
        yield from _index(number, index, shows_all)
    if len(shown) < len(advice.indexes):
        yield from _others(advice.indexes[len(shown) :])
    yield from _drops(advice, shows_all)
    yield from show_risks(advice, shows_all=shows_all)
    yield from show_changed(advice, shows_all=shows_all)
    yield from _curve(advice, shows_all)
    yield from _unplanned(advice, shows_all)
    yield heading("What the planner twin cannot know")
    for limit in words.limits(advice):
        yield Indented(plain(f"- {limit}"), 2, 2)
    yield Indented(Text(f"\n{words.effort(advice)}", "dim"), 0)
    if advice.indexes:
        command = "pgwright fix --only missing-index"
        yield Indented(Text.assemble((command, "bold"), "  writes these indexes, with the same options"), 0, 2)


def _index(number: int, index: IndexAdvice, shows_all: bool) -> Iterator[RenderableType]:
    yield Indented(Text.assemble((f"{number:>2}. ", "dim"), plain(f"{index.sql};", "bold")), 0, 4)
    yield Indented(plain(index.reason), 4)
    if index.worth is not None:
        yield _figure("saves", str(index.worth), "estimated")
    yield _figure("gain", words.gain(index), "planned")
    yield _figure("size", size(index.size_bytes), "estimated")
    yield _figure("build", words.build(index), "estimated" if index.build_seconds else "")
    yield _figure("writes", words.write_price(index), "estimated")
    if index.runner_up is not None:
        yield _figure("next best", words.next_best(index), "planned, its size estimated")
    for name in index.replaces:
        yield _figure("replaces", str(name), "read")
    shown = first(index.serves, shows_all=shows_all, most=3)
    yield Indented(Text(f"serves {count(len(index.serves), 'statement')}:", "dim"), 4)
    for served in shown:
        yield Indented(_served(served), 6, 2)
    if len(shown) < len(index.serves):
        yield Indented(hidden(len(index.serves) - len(shown), "statement"), 6)


def _served(served: ServedStatement) -> Text:
    return Text.assemble(words.costs(served), (" (planned)\n", "dim"), plain(gist(served.text, _STATEMENT), "dim"))


def _figure(name: str, value: str, origin: str) -> RenderableType:
    parts = ((f"{name}: ", "dim"), plain(value), (f" ({origin})" if origin else "", "dim"))
    return Indented(Text.assemble(*parts), 4, 2)


def _others(indexes: tuple[IndexAdvice, ...]) -> Iterator[RenderableType]:
    """The rest in one line each: what to run may not be hidden, its reasons may."""
    yield Text()
    for index in indexes:
        yield Indented(plain(f"{index.sql};"), 4, 2)
        saved = f"{index.worth} (estimated), " if index.worth is not None else ""
        figures_of_one = f"{saved}{share(index.gain_share)} (planned), {size(index.size_bytes)} (estimated)"
        yield Indented(Text(figures_of_one, "dim"), 6)
    yield Indented(Text(f"--all shows the reasons of these {count(len(indexes), 'index')} too.", "dim"), 4)


def _drops(advice: Advice, shows_all: bool) -> Iterator[RenderableType]:
    if not advice.drops:
        return
    yield heading("Existing indexes that can go")
    shown = first(advice.drops, shows_all=shows_all)
    for drop in shown:
        yield Indented(_drop(drop), 2, 4)
    if len(shown) < len(advice.drops):
        yield Indented(hidden(len(advice.drops) - len(shown), "index"), 2)


def _drop(drop: DroppedIndex) -> Text:
    return Text.assemble(
        "- ",
        plain(drop.name.short, "bold"),
        plain(f" of {drop.table.short}, {size(drop.size_bytes)} "),
        ("(read)", "dim"),
        plain(f": {drop.covered_by} does its work; saves writes of cost {cost(drop.saved)} "),
        ("(estimated)", "dim"),
    )


def _curve(advice: Advice, shows_all: bool) -> Iterator[RenderableType]:
    if len(advice.curve) < FEWEST_POINTS:
        return
    start = advice.curve[0].cost or 1.0
    shown = first(advice.curve, shows_all=shows_all, most=_MOST_STEPS)
    yield heading("What each further index gains (planned cost, sizes estimated)")
    rows = [
        [
            plain(one_line(step.added, 48) or "no index"),
            Text.assemble(("█" * round(_BAR * step.cost / start), "green"), f" {share(step.cost / start)}"),
            Text(cost(step.cost)),
            Text(size(step.size_bytes)),
        ]
        for step in shown
    ]
    yield figures(_CURVE_COLUMNS, rows, names=2)
    if len(shown) < len(advice.curve):
        yield Indented(hidden(len(advice.curve) - len(shown), "step"), 2)


def _unplanned(advice: Advice, shows_all: bool) -> Iterator[RenderableType]:
    shown = first(advice.unplanned, shows_all=shows_all)
    yield from show_not_examined(shown, title=f"{count(len(advice.unplanned), 'statement')} could not be planned")
    if len(shown) < len(advice.unplanned):
        yield Indented(hidden(len(advice.unplanned) - len(shown), "statement"), 2)
