"""What a terminal shows of a Diagnosis first: the scores, three things to do, and where the time goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from pgwright.figures import share
from pgwright.model.finding import Diagnosis, Finding, SubjectScore
from pgwright.model.statement import SlowStatement
from pgwright.report.diagnosis import words
from pgwright.report.findings import FindingLine, also_mends
from pgwright.report.parts import Indented, first, heading, is_narrow, plain
from pgwright.report.quoting import gist, one_line

_BAR = 10
_REASONS = 3
_NAME = 40
_SLOWEST = 5
_LEAST_GIST, _WHOLE_GIST = 20, 400
# Lines of one thing below its first; its parts stand further right.
_BELOW, _MARGIN = 3, 5
# A command that is nearly that many lines long is cut by no word wrap.
_FULL_LINES = 1.3


def show_header(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    """Say in one line which database it is."""
    planned = diagnosis.planned_on
    said = f"  PostgreSQL {diagnosis.server_version}, read {diagnosis.taken_at}"
    if planned is not None:
        said += f", planned on {planned.version}" + ("" if planned.is_own_major else ", another major version")
    yield Indented(Text.assemble(plain(one_line(diagnosis.database, _NAME), "bold"), plain(said)), 0, 2, most=1)


def show_scores(scores: Sequence[SubjectScore], *, shows_all: bool) -> Iterator[RenderableType]:
    """Show one line a subject, or with all its reasons."""
    yield heading("Scorecard")
    for score in scores:
        line, hang = _score(score, shows_all)
        yield Indented(line, 2, hang, most=None if shows_all else 1)


def _score(score: SubjectScore, shows_all: bool) -> tuple[Text, int]:
    """Return the line of a subject, and how deep its later lines hang."""
    if score.score is None:
        reason = "; ".join(point.reason for point in score.lost)
        blind = f"not examined: {reason}" if reason else "not examined"
        return Text.assemble(f"{score.subject:<12}", plain(blind, "dim")), 12
    filled = round(score.score)
    style = "green" if score.score >= 8 else "yellow" if score.score >= 5 else "red"
    line = Text.assemble(
        f"{score.subject:<12}", ("█" * filled, style), ("░" * (_BAR - filled), "dim"), f" {score.score:>4.1f}"
    )
    shown = first(score.lost, shows_all=shows_all, most=_REASONS)
    reasons = [words.lost(point) for point in shown]
    if seen := words.looked_at(score):
        reasons.insert(0, f"of {seen}")
    if len(shown) < len(score.lost):
        reasons.append(f"and {len(score.lost) - len(shown)} more")
    return (line + plain("  " + "; ".join(reasons), "dim") if reasons else line), 29


def show_things(diagnosis: Diagnosis, shown: Diagnosis) -> Iterator[RenderableType]:
    """Show the three things to do, or that nothing is left; `shown` has the texts, with names as they are shown."""
    things = words.first_things(diagnosis)
    if not things:
        yield heading(words.ending(diagnosis))
        yield Indented(plain(words.seen(diagnosis)), 2, 2, most=2)
        return
    yield heading(words.heading_of_things(diagnosis))
    for number, (thing, finding) in enumerate(zip(things, words.first_things(shown), strict=True), start=1):
        yield _Thing(finding, words.command(thing), f"  {number}  ")


@dataclass
class _Thing:
    """A finding in four lines at most: what it is, what is wrong, what it mends beside, and how."""

    finding: Finding
    command: str
    """What writes its change, with all names in full."""
    start: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        finding, also = self.finding, also_mends(self.finding)
        yield FindingLine(finding, self.start, is_alone=False)
        how, lines = self._how(options, most=2 if not also else 1)
        if (room := _BELOW - bool(also) - lines) > 0:
            yield Indented(plain(finding.message), _MARGIN, most=room)
        if also:
            yield Indented(plain(also, "dim"), _MARGIN, most=1)
        yield how

    def _how(self, options: ConsoleOptions, most: int) -> tuple[RenderableType, int]:
        """Return the command, the SQL or the advice, and how many lines it takes."""
        finding, width = self.finding, options.max_width - _MARGIN
        if command := self.command:
            if not is_narrow(options) and len(command) > _FULL_LINES * width:
                command = f"pgwright fix --only {finding.check}"
            return Indented(plain(command, "cyan"), _MARGIN, 2), ceil(len(command) / (width - _MARGIN))
        is_short = "\n" not in finding.sql and len(finding.sql) < width
        text = finding.sql if finding.sql and is_short else finding.advice
        return Indented(Text.assemble(("→ ", "cyan"), plain(text)), _MARGIN, 2, most=most), most


def show_slowest(diagnosis: Diagnosis, *, shows_all: bool) -> Iterator[RenderableType]:
    """Show where the time goes, one line a statement, with what would help it."""
    if not diagnosis.slowest:
        return
    yield heading(f"Slowest statements (share, {words.observed(diagnosis)})")
    for statement in diagnosis.slowest if shows_all else diagnosis.slowest[:_SLOWEST]:
        yield _Slow(statement, words.time_of(statement, diagnosis), shows_all)


@dataclass
class _Slow:
    statement: SlowStatement
    time: str
    shows_all: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        one = self.statement
        head = f"{share(one.share):>11}  {self.time:>9}  "
        room = max(_LEAST_GIST, (options.max_width - len(head) - 2) // 2)
        text = gist(one.text, _WHOLE_GIST) if self.shows_all else f"{gist(one.text, room):<{room}}"
        verdict = ("  " + ("→ " if one.finding else ""), "cyan")
        line = Text.assemble(head, plain(text), verdict, plain(one.verdict))
        yield Indented(line, 0, len(head), most=None if self.shows_all else 1)
