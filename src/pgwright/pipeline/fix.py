"""Stage 3: findings become remedies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from shlex import quote

from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.check import check
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.remedies import Choice, asked_for, bundle, make_fix, select, with_later
from pgwright.remedies.selection import Selection


def fix(
    source: SourceLike = None,
    findings: Diagnosis | Iterable[Finding] | None = None,
    *,
    choice: Choice | None = None,
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
    given = tuple(found.findings if isinstance(found, Diagnosis) else found)
    not_examined = found.not_examined if isinstance(found, Diagnosis) else ()
    if choice is None:
        sure, doubtful = _apart(given, with_possible=with_possible)
        result = make_fix(snapshot, _each(sure))
    else:
        sure, doubtful = _apart(asked_for(given, choice), with_possible=with_possible)
        result = answer(snapshot, select(sure, snapshot, choice), sure)
    return replace(result, refused=(*result.refused, *map(_leave_out, doubtful)), not_examined=not_examined)


def answer(snapshot: Snapshot, selection: Selection, findings: Iterable[Finding]) -> Fix:
    """Return the fix of the findings that were chosen, so that its rules hold for just what is written.

    Args:
        findings: all of them, for what is left of them and what only a person can answer.
    """
    whole = make_fix(snapshot, _each(findings))
    if not selection.left:
        return whole
    chosen = make_fix(snapshot, _each(selection.chosen))
    return replace(with_later(chosen, selection.left, whole), by_hand=whole.by_hand)


def _each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings, and what stands under them where it asks for a change."""
    for finding in findings:
        yield from bundle(finding)


def _apart(findings: Iterable[Finding], *, with_possible: bool) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that may be answered, and those that are only possible; a cause that is goes alone."""
    sure: list[Finding] = []
    doubtful: list[Finding] = []
    for finding in findings:
        left_out = [one for one in bundle(finding) if _is_doubtful(one) and not with_possible]
        symptoms = tuple(one for one in finding.symptoms if one not in left_out)
        doubtful += left_out
        if finding in left_out:
            sure += [one for one in symptoms if one.changes]
        else:
            sure.append(replace(finding, symptoms=symptoms))
    return sure, doubtful


def _is_doubtful(finding: Finding) -> bool:
    return bool(finding.changes) and finding.confidence == "possible"


def _leave_out(finding: Finding) -> NotExamined:
    return NotExamined(
        finding.key, "the finding is only possible", f"when you are sure: pgwright fix --only {quote(finding.key)}"
    )
