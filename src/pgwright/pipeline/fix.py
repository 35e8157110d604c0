"""Stage 3: findings become remedies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from shlex import quote

from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.check import check
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.remedies import FixChoice, Selection, asked_for, bundle, make_fix, select, with_later, without


def fix(
    source: SourceLike = None,
    findings: Diagnosis | Iterable[Finding] | None = None,
    *,
    choice: FixChoice | None = None,
    with_possible: bool = False,
    policy: Policy | None = None,
    progress: Progress = silent,
) -> Fix:
    """Turn findings into remedies, in the order in which they run. Writes nothing.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        findings: what is to be answered, found in this source, or a Diagnosis; None: all that `check` finds there.
            What their symptoms ask for, and their own changes do not do, is answered too.
        choice: which of them are answered now, as `pgwright fix` chooses; what is left stands in `later`. None: all.
        with_possible: write what is only possible too; without it, such findings are named in `refused`.
        policy: what the team states.
        progress: told what is being done.
    Returns: The remedies with their SQL, both ways, what only a person can answer, and what a Diagnosis says was not
        examined.
    Raises: DatabaseError, ConfigError, BrokenCheck.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    found = check(snapshot, progress=progress) if findings is None else findings
    return request(snapshot, found, choice, with_possible=with_possible).made()


@dataclass(frozen=True)
class FixRequest:
    """What a fix has to answer."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    """All that may be answered."""
    selection: Selection
    doubtful: tuple[Finding, ...]
    not_examined: tuple[NotExamined, ...]

    def made(self) -> Fix:
        """Return the fix of the findings that were chosen, so that its rules hold for just what is written."""
        chosen = make_fix(self.snapshot, _each(self.selection.chosen))
        if self.selection.left:
            chosen = with_later(chosen, self.selection.left, make_fix(self.snapshot, _each(self.findings)))
        return replace(
            chosen,
            by_hand=tuple(dict.fromkeys(one.key for one in self.findings if not one.changes)),
            refused=(*chosen.refused, *map(_leave_out, self.doubtful)),
            not_examined=self.not_examined,
        )

    def without(self, remedies: Iterable[Remedy]) -> FixRequest:
        """Return what is left to answer when these remedies are not wanted."""
        return replace(self, selection=replace(self.selection, chosen=without(self.selection.chosen, remedies)))


def request(
    snapshot: Snapshot, found: Diagnosis | Iterable[Finding], choice: FixChoice | None, *, with_possible: bool
) -> FixRequest:
    """Return what a fix has to answer; arguments as of `fix`."""
    given = tuple(found.findings if isinstance(found, Diagnosis) else found)
    asked = given if choice is None else asked_for(given, choice)
    sure, doubtful = _apart(asked, with_possible=with_possible)
    selection = Selection(tuple(sure), ()) if choice is None else select(sure, snapshot, choice)
    not_examined = found.not_examined if isinstance(found, Diagnosis) else ()
    return FixRequest(snapshot, tuple(sure), selection, tuple(doubtful), not_examined)


def _each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings, and what stands under them where it asks for a change."""
    for finding in findings:
        yield from bundle(finding)


def _apart(findings: Iterable[Finding], *, with_possible: bool) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that may be answered, and those that are only possible; what stands under those is alone."""
    sure: list[Finding] = []
    doubtful: list[Finding] = []
    for finding in findings:
        out = [one for one in bundle(finding) if one.changes and one.confidence == "possible" and not with_possible]
        symptoms = tuple(one for one in finding.symptoms if one not in out)
        # What stands under a cause that is answered is mended with it.
        if finding in out:
            doubtful += out
            sure += [one for one in symptoms if one.changes]
        else:
            sure.append(replace(finding, symptoms=symptoms))
    return sure, doubtful


def _leave_out(finding: Finding) -> NotExamined:
    return NotExamined(
        finding.key, "the finding is only possible", f"when you are sure: pgwright fix --only {quote(finding.key)}"
    )
