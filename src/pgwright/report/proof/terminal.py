"""A Proof for a terminal: operations before and after, of statements and writes what tells most, a verdict in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import cost, count, duration, milliseconds, ratio
from pgwright.model.log import ServerLog
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, MeasuredWrite, PlannedStatement, Proof, Verdict
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain, show_not_examined, show_server
from pgwright.report.proof.logged import log_sentences, trouble, troubled
from pgwright.report.proof.words import conclusion, equality, in_words, is_proved, notes, runs, where_measured
from pgwright.report.quoting import gist
from pgwright.report.screen import Screen

STYLES: dict[Verdict, str] = {
    "faster": "green", "same": "yellow", "slower": "red", "unclear": "magenta", "results differ": "bold red",
}  # fmt: skip
_MOST_TROUBLED = 2
# What speaks against the fix, and of the rest so many.
_MOST_AGAINST, _MOST_OTHERS, _MOST_WRITES = 15, 5, 3
# Where nothing was measured, plans are all there is.
_MOST_PLANNED = 15
_STATEMENT = 60
_AGAINST: tuple[Verdict, ...] = ("results differ", "slower")

_MEASURED = ("before", "after", "ratio")
_OPERATION_COLUMNS = ("operation", *_MEASURED, "queries", "results equal", "verdict")
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
    if shows_all or not proof.planned_on.is_own_major:
        yield show_server(proof.planned_on)
    if proof.operations:
        yield heading(f"Operations (measured, median of {runs(proof.operations)} runs)")
        yield figures(_OPERATION_COLUMNS, [_operation(one) for one in proof.operations])
    yield from _statements(proof.statements, shows_all)
    yield from _writes(proof.writes, shows_all)
    yield from _plans(proof, shows_all)
    if proof.log is not None:
        yield from _log(proof, proof.log, shows_all=shows_all)
    yield from show_not_examined(proof.not_examined)
    yield Text()
    for number, sentence in enumerate(conclusion(proof)):
        style = ("bold green" if is_proved(proof) else "bold red") if number == 0 else ""
        yield Indented(plain(sentence, style), 0, 2)


def _log(proof: Proof, log: ServerLog, *, shows_all: bool) -> Iterator[RenderableType]:
    yield heading("The server's log (read)")
    for sentence in log_sentences(proof, log):
        yield Indented(plain(sentence), 2, 2)
    every = troubled(log)
    shown = first(every, shows_all=shows_all, most=_MOST_TROUBLED)
    for one in shown:
        yield Indented(plain(f"- {gist(one.text, _STATEMENT) or 'other statements'}: {trouble(one)}"), 2, 2, most=2)
    if len(shown) < len(every):
        yield Indented(hidden(len(every) - len(shown), "statement"), 2)


def _statements(statements: Sequence[MeasuredStatement], shows_all: bool) -> Iterator[RenderableType]:
    if not statements:
        return
    yield heading(f"Statements (measured, median of {runs(statements)} runs)")
    shown = statements if shows_all else _of_note(statements)
    yield figures(_STATEMENT_COLUMNS, [_statement(one) for one in shown], is_cut=not shows_all)
    if len(shown) < len(statements):
        yield Indented(hidden(len(statements) - len(shown), "statement"), 2)
    for one in shown:
        for note in notes(one):
            yield Indented(plain(f"- {gist(one.text, _STATEMENT)}: {note}"), 2, 2)


def _writes(writes: Sequence[MeasuredWrite], shows_all: bool) -> Iterator[RenderableType]:
    if not writes:
        return
    yield heading("Price on writes (measured)")
    shown = writes if shows_all else _dearest(writes)
    yield figures(_WRITE_COLUMNS, [_write(one) for one in shown], names=2)
    if len(shown) < len(writes):
        yield Indented(hidden(len(writes) - len(shown), "write"), 2)


def _plans(proof: Proof, shows_all: bool) -> Iterator[RenderableType]:
    """Show the plans; where statements were measured only those that got dearer, for times say more."""
    planned, dearer = proof.planned, [one for one in proof.planned if one.cost_after > one.cost_before]
    if not planned:
        return
    if proof.statements and not dearer and not shows_all:
        told = f"By planned cost none of {count(len(planned), 'statement')} got dearer; --all shows their costs."
        yield Indented(Text(f"\n{told}", "dim"), 0)
        return
    yield heading("Planned on the twin (planner cost)")
    few = first(dearer, shows_all=False) if proof.statements else first(planned, shows_all=False, most=_MOST_PLANNED)
    shown = planned if shows_all else few
    yield figures(_PLAN_COLUMNS, [_planned(one) for one in shown], is_cut=not shows_all)
    if len(shown) < len(planned):
        yield Indented(hidden(len(planned) - len(shown), "statement"), 2)


def _of_note(statements: Sequence[MeasuredStatement]) -> Sequence[MeasuredStatement]:
    """Return what speaks against the fix, the worst first, then what gains most by the workload's calls."""
    against = sorted(
        (one for one in statements if one.verdict in _AGAINST), key=lambda one: _AGAINST.index(one.verdict)
    )
    others = sorted((one for one in statements if one.verdict not in _AGAINST), key=lambda one: -one.saved_ms)
    return (*first(against, shows_all=False, most=_MOST_AGAINST), *first(others, shows_all=False, most=_MOST_OTHERS))


def _dearest(writes: Sequence[MeasuredWrite]) -> Sequence[MeasuredWrite]:
    """Return the writes that got slower, the slowest first, then the others."""
    dearest = sorted(writes, key=lambda one: (one.verdict != "slower", one.ratio))
    return first(dearest, shows_all=False, most=_MOST_WRITES)


def _operation(one: MeasuredOperation) -> list[Text]:
    return [
        plain(one.name),
        Text(milliseconds(one.before.median_ms)),
        Text(milliseconds(one.after.median_ms)),
        _ratio(one),
        Text(f"{one.queries_before:,} → {one.queries_after:,}"),
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
