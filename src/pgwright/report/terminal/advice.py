"""An Advice for a terminal: each index with what it serves, what it costs, and why."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.advice import Advice, IndexAdvice, ServedStatement
from pgwright.report.figures import cost, count, duration, share, size
from pgwright.report.quoting import gist
from pgwright.report.terminal.parts import Indented, first, heading, hidden, plain, show_not_examined

_STATEMENT = 100


def show_advice(advice: Advice, *, shows_all: bool) -> Iterator[RenderableType]:
    if advice.unplanned:
        # On top, because a gain over half a workload is half an answer.
        shown = first(advice.unplanned, shows_all=shows_all)
        yield from show_not_examined(shown, title=f"{count(len(advice.unplanned), 'statement')} could not be planned")
        if len(shown) < len(advice.unplanned):
            yield Indented(hidden(len(advice.unplanned) - len(shown), "statement"), 2)
        yield Text()
    saved = 1 - advice.cost_after / advice.cost_before if advice.cost_before else 0.0
    yield Indented(
        Text.assemble(
            (f"{count(len(advice.indexes), 'index')} advised", "bold"),
            f" for {count(advice.statements, 'statement')} (planned on a twin of the database, nothing measured).",
        ),
        0,
    )
    total = sum(index.size_bytes for index in advice.indexes)
    budget = "" if advice.budget_bytes is None else f" of a budget of {size(advice.budget_bytes)}"
    yield Indented(
        Text(
            f"Planned cost of the workload {cost(advice.cost_before)} → {cost(advice.cost_after)} "
            f"({share(saved)} less); size {size(total)}{budget} (estimated)."
        ),
        0,
    )
    for number, index in enumerate(advice.indexes, 1):
        yield Text()
        yield from _index(number, index, shows_all)
    yield heading("What the planner twin cannot know")
    for limit in advice.limits:
        yield Indented(plain(f"- {limit}"), 2, 2)
    yield Text(
        f"\n{count(advice.candidates, 'candidate')}, {count(advice.plans, 'plan')}, {duration(advice.seconds)}.", "dim"
    )
    if advice.indexes:
        yield Indented(Text.assemble(("pgwright fix --only missing-index", "bold"), "  writes these indexes"), 0, 2)


def _index(number: int, index: IndexAdvice, shows_all: bool) -> Iterator[RenderableType]:
    statement = f"{index.sql};"
    yield Indented(Text.assemble((f"{number:>2}. ", "dim"), plain(statement, "bold")), 0, 4)
    yield Indented(plain(index.reason), 4)
    yield _figure("gain", f"{share(index.gain_share)} of the workload's planned cost, writes subtracted", "planned")
    yield _figure("size", size(index.size_bytes), "estimated")
    price = f"{index.writes:,} entries since the statistics began, cost {cost(index.write_cost)}"
    yield _figure("writes", price, "estimated")
    for name in index.replaces:
        yield _figure("replaces", str(name), "read")
    shown = first(index.serves, shows_all=shows_all, most=3)
    yield Indented(Text(f"serves {count(len(index.serves), 'statement')}:", "dim"), 4)
    for served in shown:
        yield Indented(_served(served), 6, 2)
    if len(shown) < len(index.serves):
        yield Indented(hidden(len(index.serves) - len(shown), "statement"), 6)


def _served(served: ServedStatement) -> Text:
    return Text.assemble(
        f"cost {cost(served.cost_before)} → {cost(served.cost_after)}, {count(served.calls, 'call')}, "
        f"{share(served.share)} of the workload ",
        ("(planned)", "dim"),
        "\n",
        plain(gist(served.text, _STATEMENT), "dim"),
    )


def _figure(name: str, value: str, origin: str) -> RenderableType:
    return Indented(Text.assemble((f"{name}: ", "dim"), plain(value), (f" ({origin})", "dim")), 4, 2)
