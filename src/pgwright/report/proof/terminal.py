"""A Proof for a terminal: operations, statements and writes before and after, and a verdict in words."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import cost, duration, milliseconds, ratio
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, MeasuredWrite, PlannedStatement, Proof, Verdict
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain, show_not_examined, show_server
from pgwright.report.proof.words import conclusion, equality, in_words, is_proved, notes, runs, where_measured
from pgwright.report.quoting import gist
from pgwright.report.screen import Screen

STYLES: dict[Verdict, str] = {
    "faster": "green", "same": "yellow", "slower": "red", "unclear": "magenta", "results differ": "bold red",
}  # fmt: skip
_MOST_STATEMENTS = 15
_STATEMENT = 60

_MEASURED = ("before", "after", "ratio")
_OPERATION_COLUMNS = ("operation", *_MEASURED, "queries before", "queries after", "results equal", "verdict")
_STATEMENT_COLUMNS = ("statement", *_MEASURED, "buffers", "results equal", "verdict")
_WRITE_COLUMNS = ("table", "action", "rows", *_MEASURED, "verdict")
_PLAN_COLUMNS = ("statement", "calls", *_MEASURED, "plan")


def show(proof: Proof, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all = screen.shows_all
    yield Indented(
        Text.assemble(
            plain(proof.revision, "bold"),
            plain(f"  applied in {duration(proof.apply_seconds)} to a copy, PostgreSQL {proof.server_version}"),
        ),
        0,
    )
    yield Indented(plain(where_measured(proof), "dim"), 0, 2)
    yield show_server(proof.planned_on)
    if proof.operations:
        yield heading(f"Operations (measured, median of {runs(proof.operations)} runs)")
        yield figures(_OPERATION_COLUMNS, [_operation(one) for one in proof.operations])
    if proof.statements:
        yield heading(f"Statements (measured, median of {runs(proof.statements)} runs)")
        shown = first(proof.statements, shows_all=shows_all, most=_MOST_STATEMENTS)
        yield figures(_STATEMENT_COLUMNS, [_statement(one) for one in shown])
        if len(shown) < len(proof.statements):
            yield Indented(hidden(len(proof.statements) - len(shown), "statement"), 2)
        for one in shown:
            for note in notes(one):
                yield Indented(plain(f"- {gist(one.text, _STATEMENT)}: {note}"), 2, 2)
    if proof.writes:
        yield heading("Price on writes (measured)")
        yield figures(_WRITE_COLUMNS, [_write(one) for one in proof.writes], names=2)
    if proof.planned:
        yield heading("Planned on the twin (planner cost)")
        shown_plans = first(proof.planned, shows_all=shows_all, most=_MOST_STATEMENTS)
        yield figures(_PLAN_COLUMNS, [_planned(one) for one in shown_plans])
        if len(shown_plans) < len(proof.planned):
            yield Indented(hidden(len(proof.planned) - len(shown_plans), "statement"), 2)
    yield from show_not_examined(proof.not_examined)
    yield Text()
    for number, sentence in enumerate(conclusion(proof)):
        style = ("bold green" if is_proved(proof) else "bold red") if number == 0 else ""
        yield Indented(plain(sentence, style), 0, 2)


def _operation(one: MeasuredOperation) -> list[Text]:
    return [
        plain(one.name),
        Text(milliseconds(one.before.median_ms)),
        Text(milliseconds(one.after.median_ms)),
        _ratio(one),
        Text(f"{one.queries_before:,}"),
        Text(f"{one.queries_after:,}"),
        _equal(one),
        Text(in_words(one), STYLES[one.verdict]),
    ]


def _statement(one: MeasuredStatement) -> list[Text]:
    return [
        plain(gist(one.text, _STATEMENT)),
        Text(milliseconds(one.before.median_ms)),
        Text(milliseconds(one.after.median_ms)),
        _ratio(one),
        Text(f"{blocks(one.before.buffers)} → {blocks(one.after.buffers)}"),
        _equal(one),
        Text(in_words(one), STYLES[one.verdict]),
    ]


def _write(one: MeasuredWrite) -> list[Text]:
    return [
        plain(one.table),
        Text(one.action),
        Text(f"{one.rows:,}"),
        Text(milliseconds(one.before.median_ms)),
        Text(milliseconds(one.after.median_ms)),
        _ratio(one),
        Text(in_words(one), STYLES[one.verdict]),
    ]


def _planned(one: PlannedStatement) -> list[Text]:
    return [
        plain(gist(one.text, _STATEMENT)),
        Text(f"{one.calls:,}"),
        Text(cost(one.cost_before)),
        Text(cost(one.cost_after)),
        Text(ratio(one.cost_before / one.cost_after) if one.cost_after else "∞×"),
        Text("same" if one.plan_before == one.plan_after else "changed"),
    ]


def _ratio(one: MeasuredOperation | MeasuredStatement | MeasuredWrite) -> Text:
    return Text(ratio(one.ratio), STYLES[one.verdict])


def _equal(one: MeasuredOperation | MeasuredStatement) -> Text:
    return Text(equality(one), "" if one.results_equal else "bold red")


def blocks(buffers: int | None) -> str:
    return "?" if buffers is None else f"{buffers:,}"
