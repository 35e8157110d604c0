"""A Lint for a terminal: the verdict, then revision by revision what happens and the safe way, then what is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from pgwright.figures import count
from pgwright.model.finding import Finding
from pgwright.model.lint import Lint, LintedRevision, LintedStatement
from pgwright.report.findings import STYLES, show_set_aside
from pgwright.report.lint import words
from pgwright.report.parts import Indented, figures, heading, hidden, plain, show_not_examined
from pgwright.report.quoting import gist, one_line
from pgwright.report.screen import Screen
from pgwright.visible import visible

_COLUMNS = ("line", "statement", "locks", "work", "time")
_GIST = 60
_HINTS = ("low", "info")
_OBJECT = 80
# Lines that the findings told in full may take together, so that a report fits a screen; at least one is told.
_ROOM = 24
_WIDTH = 90


def show(result: Lint, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    shows_all = screen.shows_all
    yield Text(words.verdict(result), "bold" if result.findings else "bold green")
    yield Indented(plain(words.where(result), "dim"), 0, 2)
    whole = set(result.findings) if shows_all else _told_in_full(result.findings)
    for revision, findings in words.groups(result):
        told = findings if shows_all else [one for one in findings if one.severity not in _HINTS]
        if told or shows_all or (revision is not None and revision.error):
            yield from _group(result, revision, told, whole, shows_all=shows_all)
    yield from _rest(result, whole)
    yield from show_not_examined(result.not_examined if shows_all else words.unexamined(result))
    yield from _aside(result, shows_all=shows_all)
    if step := words.next_step(result):
        yield Text()
        yield Indented(Text.assemble("Next: ", (step, "bold")), 0, 2)


def _rest(result: Lint, whole: set[Finding]) -> Iterator[RenderableType]:
    """Say what is told in a line, or only counted."""
    short = [one for one in result.findings if one not in whole]
    hints = [one for one in short if one.severity in _HINTS]
    if hints:
        yield Text()
        yield Indented(Text.assemble(f"{count(len(hints), 'hint')}: ", plain(words.hints(result), "dim")), 0, 2)
    if short:
        yield Indented(Text("--all tells all, with every statement and its locks.", "dim"), 0, 2)


def _told_in_full(findings: Sequence[Finding]) -> set[Finding]:
    """Return the worst, as many as there is room for; those with a low severity, and second ones of a rule, wait."""
    chosen: set[Finding] = set()
    used = 0
    seen: set[str] = set()
    for one in findings:
        if one.severity in _HINTS or one.check in seen:
            continue
        taken = 3 + (len(one.message) + len(one.advice)) // _WIDTH + len(one.code.splitlines())
        if chosen and used + taken > _ROOM:
            continue
        seen.add(one.check)
        used += taken
        chosen.add(one)
    return chosen


def _group(
    result: Lint, revision: LintedRevision | None, findings: Sequence[Finding], whole: set[Finding], *, shows_all: bool
) -> Iterator[RenderableType]:
    path = "" if revision is None else f"  {revision.path}"
    yield Text()
    yield Indented(Text.assemble(plain(words.title(revision), "bold"), plain(path, "dim")), 0, 2)
    if revision is not None and revision.error:
        yield Indented(plain(f"It failed on the twin: {one_line(revision.error, 300)}", "red"), 2, 2)
    for finding in findings:
        yield from _finding(result, finding, is_whole=finding in whole, shows_all=shows_all)
    if revision is not None and shows_all and revision.statements:
        yield figures(_COLUMNS, [_row(one) for one in revision.statements], names=4)


def _finding(result: Lint, finding: Finding, *, is_whole: bool, shows_all: bool) -> Iterator[RenderableType]:
    head = Text.assemble(
        (f"{finding.severity.upper():<8}", STYLES[finding.severity]),
        (finding.check, "bold"),
        "  ",
        plain(one_line(words.about(finding), _OBJECT)),
        plain(f"  {words.short_line(result, finding)}".rstrip(), "dim"),
        ("  [possible]" if finding.confidence == "possible" else "", "dim"),
    )
    if not is_whole:
        yield Indented(head + plain(f"  {finding.message}", "dim"), 0, 8, most=1)
        return
    yield Indented(head, 0, 8)
    yield Indented(plain(finding.message), 8)
    for evidence in finding.evidence if shows_all else ():
        line = Text.assemble(
            plain(f"{evidence.name}: ", "dim"), plain(evidence.value), (f" ({evidence.origin})", "dim")
        )
        yield Indented(line, 8, 2)
    yield Indented(Text.assemble(("→ ", "cyan"), plain(finding.advice)), 8, 2)
    if finding.code or finding.sql:
        yield Indented(code(finding.code or finding.sql), 8, 6)


def code(text: str) -> Text:
    """Return code to paste; no line of it begins where ours do."""
    return Text("\n".join(f"  {line}" for line in visible(text.strip("\n")).split("\n")), "cyan")


def _row(statement: LintedStatement) -> list[Text]:
    return [
        Text(f"{statement.place.line}"),
        plain(gist(statement.text, _GIST)),
        plain(words.locks(statement)),
        plain(words.work(statement) or (f"failed: {one_line(statement.error, 60)}" if statement.error else "")),
        Text(words.time(statement.seconds)),
    ]


def _aside(result: Lint, *, shows_all: bool) -> Iterator[RenderableType]:
    yield from show_set_aside(result.known, result.allowed, shows_all=shows_all)
    if result.ignored:
        yield heading("Ignored by comments")
        shown = result.ignored if shows_all else result.ignored[:3]
        for one in shown:
            yield Indented(plain(f"- {one.key}: {one.reason}"), 2, 2, most=None if shows_all else 1)
        if len(shown) < len(result.ignored):
            yield Indented(hidden(len(result.ignored) - len(shown), "finding"), 2)
    if result.notices:
        yield heading("Note")
        for notice in result.notices:
            yield Indented(plain(f"- {notice}"), 2, 2)
