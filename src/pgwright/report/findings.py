"""Findings as every result that holds some shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from pgwright.figures import listing, share
from pgwright.model.finding import SEVERITIES, Evidence, Finding, Severity
from pgwright.model.worth import Worth, total
from pgwright.report.parts import WIDE, Indented, block, first, heading, hidden, is_narrow, plain
from pgwright.report.quoting import one_line
from pgwright.report.shape import Shape, Shapes

STYLES: Mapping[Severity, str] = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
# The longest object that still shares a line with the check's name.
_OBJECT = 120
# On a line that has little room, an object is cut to this, and what follows it is cut instead.
_SHORT_OBJECT = 24
_SYMPTOMS = 3


def by_severity(findings: Sequence[Finding]) -> dict[Severity, list[Finding]]:
    """Return the findings under each severity, the worst first."""
    return {severity: [one for one in findings if one.severity == severity] for severity in SEVERITIES}


def is_fixable(finding: Finding) -> bool:
    """Whether `fix` writes its change."""
    return bool(finding.changes)


@dataclass(frozen=True)
class Symptom:
    """A finding that has the same cause as another one, as its JSON says it."""

    key: str
    check: str
    object: str
    message: str


def symptoms(finding: Finding) -> tuple[Symptom, ...]:
    """Findings that have the same cause, and end with it."""
    return tuple(Symptom(one.key, one.check, one.object, one.message) for one in finding.symptoms)


FINDING_SHAPES: Shapes = {
    Finding: Shape(first=("key",), last=(is_fixable, symptoms), without=frozenset({"changes"})),
    Worth: Shape(last=("seconds_a_day",)),
}


# How deep its pages are shows only where an index serves them.
_JUDGED_AGAIN = ("deep-offset",)


def also_mends(finding: Finding) -> str:
    """Return what ends with a finding, in one clause; "" when nothing does."""
    named = [f"{one.check} {one.object}" for one in finding.symptoms if one.check not in _JUDGED_AGAIN]
    again = [f"{one.check} {one.object}" for one in finding.symptoms if one.check in _JUDGED_AGAIN]
    said = [f"Also mends {listing(named, most=_SYMPTOMS)}."] if named else []
    said += [f"Then judge {listing(again, most=_SYMPTOMS)} again."] if again else []
    return " ".join(said)


@dataclass
class FindingLine:
    """One finding on one line: severity, check, object, and what it saves or what is wrong."""

    finding: Finding
    start: str = ""
    """What stands before it."""
    is_alone: bool = True
    """False: what is wrong stands below it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        finding, head = self.finding, Text(self.start) + _head(self.finding)
        worth, message = finding.worth, plain(f"  {finding.message}" if self.is_alone else "", "dim")
        tail = _sureness(finding)
        tail += message if worth is None else Text(f"  saves {worth.saving}", "green")
        # What it saves is seen, however long the name of the object is.
        room = options.max_width - len(head) - (0 if worth is None else len(tail))
        name = one_line(finding.object, _OBJECT if is_narrow(options) else max(_SHORT_OBJECT, room))
        yield Indented(head + plain(name) + tail, 0, len(self.start) + 8, most=1)


@dataclass
class Alike:
    """Findings of one check on one line: as many objects as it holds, and what mending all of them saves."""

    findings: Sequence[Finding]
    """Of one severity and one confidence."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        finding = self.findings[0]
        head, tail = _head(finding), _sureness(finding)
        if (worth := total([one.worth for one in self.findings if one.worth is not None])) is not None:
            saving = worth.saving if worth.has_rate else f"{share(worth.share_of_workload)} of the time"
            tail += Text(f"  save {saving}", "green")
        room = max(options.max_width, WIDE) - len(head) - len(tail)
        names = [one_line(one.object, _OBJECT) for one in self.findings]
        fitting = (most for most in range(len(names), 1, -1) if len(listing(names, most)) <= room)
        yield Indented(head + plain(listing(names, next(fitting, 1))) + tail, 0, 8, most=1)


def _head(finding: Finding) -> Text:
    return Text.assemble(
        (f"{finding.severity.upper():<8}", STYLES[finding.severity]), (finding.check, "bold"), "  "
    )  # fmt: skip


def _sureness(finding: Finding) -> Text:
    return Text("  [possible]" if finding.confidence == "possible" else "", "dim")


def counted(findings: Sequence[Finding]) -> Text:
    """Return how many there are of each severity, as `1 high, 2 low`."""
    counts = by_severity(findings)
    return Text(", ").join(Text(f"{len(counts[one])} {one}", STYLES[one]) for one in SEVERITIES if counts[one])


def show_finding(finding: Finding, *, shows_all: bool) -> Iterator[RenderableType]:
    """Show one finding with its evidence and advice; what is low, or only worth knowing, takes one line, not ten."""
    if finding.severity in ("low", "info") and not shows_all:
        yield FindingLine(finding)
        return
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
    if finding.worth is not None:
        yield Indented(plain(f"Mending it saves {finding.worth}."), 8)
    if clause := also_mends(finding):
        yield Indented(plain(clause), 8)
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
            yield Indented(plain(f"- {key}"), 2, 2, most=None if shows_all else 1)
        if len(shown) < len(keys):
            yield Indented(hidden(len(keys) - len(shown), "finding"), 2)
