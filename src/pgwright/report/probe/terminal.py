"""A Probe for a terminal: the calls, then the findings, then what was not examined."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import milliseconds
from pgwright.model.probe import Probe, ProbeCall, ProbedEndpoint
from pgwright.report.findings import counted, show_finding, show_set_aside
from pgwright.report.parts import Indented, figures, first, heading, hidden, plain, show_not_examined
from pgwright.report.probe import words
from pgwright.report.quoting import one_line
from pgwright.report.screen import Screen

_COLUMNS = ("endpoint", "size", "queries", "rows", "fetched", "time")
_MOST_FINDINGS = 10
_SIZE = 24


def show(result: Probe, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all = screen.shows_all
    yield Text.assemble(plain(result.app, "bold"), "  ", plain(words.where(result)))
    if result.endpoints:
        yield heading("Calls (measured, warm)")
        rows = [_row(endpoint, call) for endpoint in result.endpoints for call in endpoint.calls]
        yield figures(_COLUMNS, rows, names=2)
    if result.findings:
        yield heading("Findings")
    shown = first(result.findings, shows_all=shows_all, most=_MOST_FINDINGS)
    for finding in shown:
        yield from show_finding(finding, shows_all=shows_all)
    if len(shown) < len(result.findings):
        yield Indented(hidden(len(result.findings) - len(shown), "finding"), 2)
    yield from show_not_examined(result.not_examined)
    yield from show_set_aside(result.known, result.allowed, shows_all=shows_all)
    yield Text()
    yield _summary(result)


def _row(endpoint: ProbedEndpoint, call: ProbeCall) -> list[Text]:
    is_first = call is endpoint.calls[0]
    is_growing = call is endpoint.calls[-1] and (endpoint.growth or 0) > 0
    return [
        plain(endpoint.name if is_first else ""),
        plain(one_line(call.size, _SIZE)),
        Text(f"{call.queries:,}", "bold yellow" if is_growing else ""),
        Text(f"{call.rows:,}"),
        Text("?" if call.rows_fetched is None else f"{call.rows_fetched:,}"),
        Text(milliseconds(call.ms)),
    ]


def _summary(result: Probe) -> Text:
    called = words.called(result)
    if not result.findings:
        new = "No new findings" if result.known else "No findings"
        return Text.assemble((new, "bold green"), f"; {called}.")
    return counted(result.findings) + f"; {called}."
