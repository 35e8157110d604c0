"""A Trial for a terminal: what each setting does to the workload's time, then the statements that it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count, milliseconds, ratio
from pgwright.model.proof import MeasuredStatement
from pgwright.model.trial import Trial, TrialVerdict, TriedSetting
from pgwright.report.parts import (
    Indented,
    block,
    figures,
    first,
    heading,
    hidden,
    plain,
    show_not_examined,
    show_server,
)
from pgwright.report.proof.terminal import STYLES, blocks
from pgwright.report.quoting import gist
from pgwright.report.screen import Screen
from pgwright.report.trial.words import (
    after,
    before,
    conclusion,
    every,
    in_words,
    is_proved,
    named,
    notes,
    numbers,
    runs,
    saved,
    where_measured,
)

_STYLES: Mapping[TrialVerdict, str] = {
    "helps": "green", "helps, and slows some": "yellow", "does not help": "", "costs more than it gains": "red",
    "results differ": "bold red",
}  # fmt: skip
_SETTING_COLUMNS = ("setting", "before", "after", "saved", "faster", "slower", "unclear", "same work", "verdict")
_STATEMENT_COLUMNS = ("statement", "before", "after", "ratio", "buffers", "verdict")
_STATEMENT = 60


def show(trial: Trial, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(f"Settings tried on a copy of {trial.database}", "bold"), 0, 2)
    yield Indented(plain(where_measured(trial), "dim"), 0, 2)
    yield show_server(trial.planned_on)
    if trial.tried:
        yield heading(f"Settings (measured, {count(trial.statements, 'statement')} by the workload's calls)")
        yield figures(_SETTING_COLUMNS, [_setting(one) for one in every(trial)])
    for one in every(trial):
        yield from _statements(one, screen)
    if trial.untried:
        yield heading("Not worth trying")
        for name, reason in trial.untried.items():
            yield Indented(Text.assemble("- ", plain(name, "bold"), ": ", plain(reason)), 2, 2)
    yield from show_not_examined(trial.not_examined)
    yield Text()
    for number, sentence in enumerate(conclusion(trial)):
        style = ("bold green" if is_proved(trial) else "bold red") if number == 0 else ""
        yield Indented(plain(sentence, style), 0, 2)
    if (best := trial.best) is not None:
        yield Indented(Text.assemble("Apply it, for new sessions:\n", block(best.apply_sql, "cyan")), 0, 2)
        yield Indented(Text.assemble("Undo it:\n", block(best.undo_sql, "cyan")), 0, 2)


def _setting(one: TriedSetting) -> list[Text]:
    return [
        plain(named(one)),
        Text(before(one)),
        Text(after(one)),
        Text(saved(one)),
        *(Text(f"{number:,}") for number in numbers(one)),
        Text(f"{one.unchanged:,}"),
        Text(one.verdict, _STYLES[one.verdict]),
    ]


def _statements(one: TriedSetting, screen: Screen) -> Iterator[RenderableType]:
    yield heading(named(one))
    yield Indented(plain(one.reason), 2, 2)
    if one.statements:
        shown = first(one.statements, shows_all=screen.shows_all)
        yield Indented(Text(f"Statements that it changes, median of {runs(one.statements)} runs:", "dim"), 2, 2)
        yield figures(_STATEMENT_COLUMNS, [_statement(statement) for statement in shown])
        if len(shown) < len(one.statements):
            yield Indented(hidden(len(one.statements) - len(shown), "statement"), 2)
        for statement in shown:
            for note in notes(statement):
                yield Indented(plain(f"- {gist(statement.text, _STATEMENT)}: {note}"), 2, 2)
    for failed in one.failed:
        yield Indented(plain(f"- {failed.what}: {failed.reason}", "red"), 2, 2)


def _statement(one: MeasuredStatement) -> list[Text]:
    return [
        plain(gist(one.text, _STATEMENT)),
        Text(milliseconds(one.before.median_ms)),
        Text(milliseconds(one.after.median_ms)),
        Text(ratio(one.ratio), STYLES[one.verdict]),
        Text(f"{blocks(one.before.buffers)} → {blocks(one.after.buffers)}"),
        Text(in_words(one), STYLES[one.verdict]),
    ]
