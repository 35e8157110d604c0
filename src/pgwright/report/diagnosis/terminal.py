"""A Diagnosis for a terminal: a first screen, then what is left in a line each; or all of it in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count, listing
from pgwright.model.finding import Diagnosis, Finding, Severity
from pgwright.model.not_examined import NotExamined
from pgwright.report.diagnosis.first_screen import show_header, show_scores, show_slowest, show_things
from pgwright.report.diagnosis.home_schema import home_schema, without
from pgwright.report.diagnosis.words import first_things
from pgwright.report.findings import Alike, FindingLine, counted, is_fixable, show_finding, show_set_aside
from pgwright.report.parts import Indented, Missing, first, heading, hidden, plain, show_not_examined, show_server
from pgwright.report.screen import Screen

# A report is as long as a person reads: 120 lines, of which the first screen takes 40.
_MOST_FINDINGS = 44
_LOW: tuple[Severity, ...] = ("low", "info")
# Entries of two lines each, and with room for two lines of reason while they are few.
_MOST_MISSING, _FEW_MISSING = 7, 5
_MOST_NAMES = 3


def show(diagnosis: Diagnosis, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield from _show_all(diagnosis) if screen.shows_all else _show_short(diagnosis)


def _show_short(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield from show_header(diagnosis)
    schema = home_schema(diagnosis)
    if schema:
        yield Indented(plain(f"Names without a schema are of {schema}.", "dim"), 0, 2, most=1)
    shown = without(schema, diagnosis)
    yield from show_scores(shown.scorecard, shows_all=False)
    yield from show_things(diagnosis, shown)
    yield from show_slowest(shown, shows_all=False)
    yield Text()
    yield from _summary(diagnosis, shows_all=False)
    yield from _others(shown)
    yield from _missing(shown.not_examined)
    yield from show_set_aside(diagnosis.known, diagnosis.allowed, shows_all=False)


def _show_all(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield from show_header(diagnosis)
    if diagnosis.planned_on is not None:
        yield show_server(diagnosis.planned_on)
    yield from show_scores(diagnosis.scorecard, shows_all=True)
    yield from show_things(diagnosis, diagnosis)
    yield from show_slowest(diagnosis, shows_all=True)
    for _, group in groupby(diagnosis.findings, key=lambda finding: finding.severity):
        yield Text()
        for finding in group:
            yield from show_finding(finding, shows_all=True)
    yield from show_not_examined(diagnosis.not_examined)
    yield from show_set_aside(diagnosis.known, diagnosis.allowed, shows_all=True)
    yield Text()
    yield from _summary(diagnosis, shows_all=True)


def _others(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    """Show what is not among the first things, worst first."""
    things = first_things(diagnosis)
    others = list(_lines([finding for finding in diagnosis.findings if finding not in things]))
    if not others:
        return
    # An index and one query in place of a loop save the same time.
    overlap = "; savings may overlap" if any(one.worth is not None for alike in others for one in alike) else ""
    yield heading(f"{'All others' if things else 'Findings'}, worst first{overlap}")
    shown = first(others, shows_all=False, most=_MOST_FINDINGS)
    for alike in shown:
        yield Alike(alike) if len(alike) > 1 else FindingLine(alike[0])
    if len(shown) < len(others):
        yield hidden(sum(map(len, others[len(shown) :])), "finding")


def _lines(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Yield the findings of each line: one, or all of a kind where they are low, or none says what it saves."""
    kinds: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        saves = one.severity not in _LOW and one.worth is not None
        kinds.setdefault((one.severity, one.check, one.confidence, one.key if saves else ""), []).append(one)
    yield from kinds.values()


def _missing(missing: Sequence[NotExamined]) -> Iterator[RenderableType]:
    """Say what was not looked at, short: entries with one reason as one, and the last ones by their number."""
    if not missing:
        return
    yield heading("Not examined")
    groups: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        groups.setdefault((one.reason, one.remedy), []).append(one.what)
    lines = 2 if len(groups) <= _FEW_MISSING else 1
    shown = first(list(groups.items()), shows_all=False, most=_MOST_MISSING - 1)
    for (reason, remedy), names in shown:
        yield Missing(listing(names, most=_MOST_NAMES), reason, remedy, most=lines)
    if len(shown) < len(groups):
        yield Indented(hidden(len(groups) - len(shown), "reason"), 2)


def _summary(diagnosis: Diagnosis, *, shows_all: bool) -> Iterator[RenderableType]:
    blind = len(diagnosis.not_examined)
    asked = f"{count(len(diagnosis.checks_run), 'check')} run" + (f", {blind:,} not examined" if blind else "")
    if not diagnosis.findings:
        none = "No new findings" if diagnosis.known else "No findings"
        yield Indented(Text.assemble((none, "bold green"), f"; {asked}."), 0)
        return
    yield Indented(Text.assemble("In all ", counted(diagnosis.findings), f"; {asked}."), 0)
    if fixable := sum(map(is_fixable, diagnosis.findings)):
        yield _next("pgwright fix", f"writes the safe changes that gain most, of {count(fixable, 'finding')}")
    if not shows_all:
        yield _next("pgwright check --all", "shows every finding with its figures, and what to do")
    worst: Finding = next(iter(first_things(diagnosis)), diagnosis.findings[0])
    yield _next(f"pgwright explain {worst.check}", "tells why it matters and when it is wrong")


def _next(command: str, purpose: str) -> RenderableType:
    return Indented(Text.assemble((command, "bold"), f"  {purpose}"), 2, 4)
