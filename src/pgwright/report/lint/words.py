"""What a Lint comes to, in words."""

from __future__ import annotations

from collections import Counter

from pgwright.figures import count, duration, listing
from pgwright.model.finding import Finding
from pgwright.model.lint import Lint, LintedRevision, LintedStatement
from pgwright.model.migration import SecondsRange
from pgwright.model.not_examined import NotExamined

_SERIOUS = ("high", "medium")
_ID = 12


def verdict(lint: Lint) -> str:
    """What the pending revisions come to, in a sentence."""
    if not lint.revisions:
        return "No pending revisions."
    number = count(len(lint.revisions), "pending revision")
    if lint.is_unseen:
        return f"None of {number} could be run."
    unsafe, stopping = _unsafe(lint), [one for one in _unsafe(lint) if _stops_the_app(lint, one)]
    if stopping:
        would = "would" if lint.has_sizes else "could"
        sizes = "" if lint.has_sizes else " (sizes are unknown)"
        others = len(unsafe) - len(stopping)
        more = _and_more(others)
        return f"{len(stopping)} of {number} {would} block the app{sizes}{more}."
    if unsafe:
        return f"{len(unsafe)} of {number} {'is' if len(unsafe) == 1 else 'are'} not safe as written."
    if serious := [one for one in lint.findings if one.severity in _SERIOUS]:
        return f"{count(len(serious), 'finding')} about how revisions run; none in {number}."
    if any(one.error for one in lint.revisions):
        return f"Not all of {number} could be run; nothing was found in what ran."
    new = "new " if lint.known else ""
    if lint.findings:
        return f"No {new}finding that blocks or breaks the app in {number}; {count(len(lint.findings), 'hint')}."
    return f"No {new}findings in {number}."


def where(lint: Lint) -> str:
    """Return of which database, after which revision, on which server."""
    database = lint.database or "no database, sizes unknown"
    start = f"after {listing([one[:_ID] for one in lint.start], 3)}" if lint.start else "from the first revision on"
    return f"{database}, {start}, on an empty twin, PostgreSQL {lint.observed_on}"


def groups(lint: Lint) -> list[tuple[LintedRevision | None, tuple[Finding, ...]]]:
    """Return the revisions in their order, each with its findings; last what is about none of them alone."""
    found: dict[str, list[Finding]] = {one.revision: [] for one in lint.revisions}
    others: list[Finding] = []
    for finding in lint.findings:
        revision = lint.revision_of(finding)
        (others if revision is None else found[revision.revision]).append(finding)
    grouped: list[tuple[LintedRevision | None, tuple[Finding, ...]]] = [
        (one, tuple(found[one.revision])) for one in lint.revisions
    ]
    return [*grouped, (None, tuple(others))] if others else grouped


def title(revision: LintedRevision | None) -> str:
    """Return the name of a revision, for a heading."""
    if revision is None:
        return "About all revisions"
    return f"{revision.revision[:_ID]}  {revision.message}".rstrip()


def about(finding: Finding) -> str:
    """Return what a finding is about, without the revision, under whose heading it stands."""
    head, sign, tail = finding.object.rpartition(" in ")
    return head if sign and " " not in tail else finding.object


def line(finding: Finding) -> str:
    """Return where it is, as an editor opens it; "" where it is nowhere."""
    place = finding.place
    return "" if place is None else f"{place.file}:{place.line}"


def short_line(lint: Lint, finding: Finding) -> str:
    """Return the same under the heading of its revision."""
    place = finding.place
    if place is None or about(finding).endswith("env.py"):
        return ""
    revision = lint.revision_of(finding)
    return f"line {place.line}" if revision is not None and revision.path == place.file else line(finding)


def hints(lint: Lint) -> str:
    """Return the rules whose findings are low or only for information, with how many each has; "" for none."""
    found = Counter(one.check for one in lint.findings if one.severity not in _SERIOUS)
    return ", ".join(f"{name} ({number})" if number > 1 else name for name, number in found.most_common())


def unexamined(lint: Lint) -> list[NotExamined]:
    """Return what was not examined, all for one reason as one entry."""
    together: dict[tuple[str, str], list[str]] = {}
    for one in lint.not_examined:
        together.setdefault((one.reason, one.remedy), []).append(one.what)
    return [NotExamined(listing(whats, 3), reason, remedy) for (reason, remedy), whats in together.items()]


def locks(statement: LintedStatement) -> str:
    """Return the locks that hold up more than a reader would, the tables of one mode together."""
    by_mode: dict[str, list[str]] = {}
    for one in statement.locks:
        if one.stops != "nothing" or one.mode not in ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE"):
            by_mode.setdefault(one.mode, []).append(one.relation)
    return "; ".join(f"{mode} on {listing(names, 3)}" for mode, names in by_mode.items())


def work(statement: LintedStatement) -> str:
    """Return what a statement does to whole tables."""
    parts = (("rewrites", statement.rewritten), ("builds", statement.built), ("reads", statement.scanned))
    return ", ".join(f"{verb} {listing(names, 3)}" for verb, names in parts if names)


def heavy(revision: LintedRevision) -> list[LintedStatement]:
    """Return the statements that make the app wait, or work on whole tables."""
    return [one for one in revision.statements if one.stops != "nothing" or work(one)]


def time(seconds: SecondsRange | None) -> str:
    """Return a range of seconds.

    >>> time(SecondsRange(3, 8)), time(SecondsRange(0.1, 0.2)), time(None)
    ('3 s to 8 s', 'under 1 s', '')
    """
    if seconds is None:
        return ""
    low, high = duration(seconds.low), duration(seconds.high)
    return high if low == high else f"{low} to {high}"


def ignored(lint: Lint) -> str:
    """Return how many findings comments ignore; "" where none does."""
    if not lint.ignored:
        return ""
    return f"{count(len(lint.ignored), 'finding')} ignored by comments in the code"


def next_step(lint: Lint) -> str:
    """Return what to do next; "" where there is nothing."""
    if not lint.findings:
        return ""
    explain = f"pgwright explain {lint.findings[0].check}"
    is_rewritable = any(one.code and one.severity in _SERIOUS for one in lint.findings)
    return (
        f"pgwright migrations fix, with the same arguments, rewrites what it can; {explain}"
        if is_rewritable
        else explain
    )


def _and_more(others: int) -> str:
    """Return how many more are not safe, as the end of a sentence."""
    if not others:
        return ""
    return ", and 1 more is not safe as written" if others == 1 else f", and {others} more are not safe as written"


def _unsafe(lint: Lint) -> list[LintedRevision]:
    """Return the revisions with a finding that is high or medium."""
    named = {
        one.revision
        for finding in lint.findings
        if finding.severity in _SERIOUS and (one := lint.revision_of(finding)) is not None
    }
    return [one for one in lint.revisions if one.revision in named]


def _stops_the_app(lint: Lint, revision: LintedRevision) -> bool:
    """Tell whether a statement with such a finding makes reads or writes wait."""
    for finding in lint.findings:
        if finding.severity not in _SERIOUS or lint.revision_of(finding) is not revision:
            continue
        statement = lint.statement_of(finding)
        if statement is not None and statement.stops != "nothing":
            return True
    return False
