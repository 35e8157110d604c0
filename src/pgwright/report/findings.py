"""Findings as every result that holds some shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.finding import SEVERITIES, Evidence, Finding, Severity
from pgwright.report.parts import Indented, block, first, heading, hidden, plain
from pgwright.report.quoting import one_line
from pgwright.report.shape import Shape, Shapes

STYLES: Mapping[Severity, str] = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
# The longest object that still shares a line with the check's name.
_OBJECT = 120


def by_severity(findings: Sequence[Finding]) -> dict[Severity, list[Finding]]:
    """Return the findings under each severity, the worst first."""
    return {severity: [one for one in findings if one.severity == severity] for severity in SEVERITIES}


def is_fixable(finding: Finding) -> bool:
    """Whether `fix` writes its change."""
    return bool(finding.changes)


FINDING_SHAPES: Shapes = {Finding: Shape(first=("key",), last=(is_fixable,), without=frozenset({"changes"}))}


def counted(findings: Sequence[Finding]) -> Text:
    """Return how many there are of each severity, as `1 high, 2 low`."""
    counts = by_severity(findings)
    return Text(", ").join(Text(f"{len(counts[one])} {one}", STYLES[one]) for one in SEVERITIES if counts[one])


def show_finding(finding: Finding, *, shows_all: bool) -> Iterator[RenderableType]:
    """Show one finding with its evidence and advice."""
    style = STYLES[finding.severity]
    yield Indented(
        Text.assemble(
            (f"{finding.severity.upper():<8}", style),
            (finding.check, "bold"),
            "  ",
            plain(one_line(finding.object, _OBJECT)),
            (f"  [{finding.confidence}]", "dim"),
        ),
        0,
        8,
    )
    yield Indented(plain(finding.message), 8)
    if finding.severity == "info" and not shows_all:
        return  # what is only worth knowing takes two lines, not ten
    shown = first(finding.evidence, shows_all=shows_all)
    for evidence in shown:
        yield Indented(_evidence(evidence), 8, 2)
    if len(shown) < len(finding.evidence):
        yield Indented(hidden(len(finding.evidence) - len(shown), "figure"), 8)
    yield Indented(Text.assemble(("→ ", "cyan"), plain(finding.advice)), 8, 2)
    if finding.sql and not finding.changes:
        yield Indented(block(finding.sql, "cyan"), 10, 2)


def _evidence(evidence: Evidence) -> Text:
    return Text.assemble(plain(f"{evidence.name}: ", "dim"), plain(evidence.value), (f" ({evidence.origin})", "dim"))


def show_set_aside(known: Sequence[str], allowed: Sequence[str], *, shows_all: bool) -> Iterator[RenderableType]:
    """Show the keys of the findings that a baseline or the team's word leaves out."""
    for keys, title in ((known, "Known by the baseline"), (allowed, "Left out on the team's word")):
        if not keys:
            continue
        yield heading(title)
        shown = first(keys, shows_all=shows_all)
        for key in shown:
            yield Indented(plain(f"- {key}"), 2, 2)
        if len(shown) < len(keys):
            yield Indented(hidden(len(keys) - len(shown), "finding"), 2)
