"""A Diagnosis for a terminal: the header, the scorecard, the findings by severity, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count
from pgwright.model.finding import Diagnosis, Finding, Severity, SubjectScore
from pgwright.report.diagnosis.words import looked_at, lost
from pgwright.report.findings import counted, show_finding, show_set_aside
from pgwright.report.parts import Indented, first, heading, plain, show_not_examined, show_server
from pgwright.report.quoting import one_line
from pgwright.report.screen import Screen

_BAR = 10
_REASONS = 3
_FINDINGS_A_CHECK = 3


def show(diagnosis: Diagnosis, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all = screen.shows_all
    yield Text.assemble(
        plain(diagnosis.database, "bold"), plain(f"  PostgreSQL {diagnosis.server_version}, read {diagnosis.taken_at}")
    )
    if diagnosis.planned_on is not None:
        yield show_server(diagnosis.planned_on)
    yield heading("Scorecard")
    for score in diagnosis.scorecard:
        yield from _score(score, shows_all)
    for severity, group in groupby(diagnosis.findings, key=lambda finding: finding.severity):
        yield Text()
        yield from _severity(severity, list(group), shows_all)
    yield from show_not_examined(diagnosis.not_examined)
    yield from show_set_aside(diagnosis.known, diagnosis.allowed, shows_all=shows_all)
    yield Text()
    yield from _summary(diagnosis)


def _score(score: SubjectScore, shows_all: bool) -> Iterator[RenderableType]:
    if score.score is None:
        reason = "; ".join(point.reason for point in score.lost)
        blind = f"not examined: {reason}" if reason else "not examined"
        yield Indented(Text.assemble(f"{score.subject:<12}", plain(blind, "dim")), 2, 12)
        return
    filled = round(score.score)
    style = "green" if score.score >= 8 else "yellow" if score.score >= 5 else "red"
    line = Text.assemble(
        f"{score.subject:<12}", ("█" * filled, style), ("░" * (_BAR - filled), "dim"), f" {score.score:>4.1f}"
    )
    shown = first(score.lost, shows_all=shows_all, most=_REASONS)
    reasons = [lost(point) for point in shown]
    if seen := looked_at(score):
        reasons.insert(0, f"of {seen}")
    if len(shown) < len(score.lost):
        reasons.append(f"and {len(score.lost) - len(shown)} more")
    yield Indented(line + plain("  " + "; ".join(reasons), "dim") if reasons else line, 2, 29)


def _severity(severity: Severity, findings: Sequence[Finding], shows_all: bool) -> Iterator[RenderableType]:
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    for group in by_check.values():
        shown = first(group, shows_all=shows_all, most=_FINDINGS_A_CHECK)
        for finding in shown:
            yield from show_finding(finding, shows_all=shows_all)
        if len(shown) < len(group):
            yield from _others(group[len(shown) :])


def _others(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    named = ", ".join(one_line(finding.object, 60) for finding in findings[:6])
    more = ", …" if len(findings) > 6 else ""
    yield Indented(plain(f"and {count(len(findings), 'more finding')} of {findings[0].check}: {named}{more}"), 8)
    yield Indented(Text("--all shows everything.", "dim"), 8)


def _summary(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    asked = f"{count(len(diagnosis.checks_run), 'check')} run"
    if not diagnosis.findings:
        none = "No new findings" if diagnosis.known else "No findings"
        yield Indented(Text.assemble((none, "bold green"), f"; {asked}."), 0)
    else:
        yield Indented(counted(diagnosis.findings) + f"; {asked}.", 0)
        fixable = sum(bool(finding.changes) for finding in diagnosis.findings)
        if fixable:
            yield _next("pgwright fix", f"writes the change for {count(fixable, 'finding')}")
        yield _next(f"pgwright explain {diagnosis.findings[0].check}", "tells why it matters and when it is wrong")


def _next(command: str, purpose: str) -> RenderableType:
    return Indented(Text.assemble((command, "bold"), f"  {purpose}"), 2, 4)
