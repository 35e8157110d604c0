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
from pgwright.pipeline.check import check
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.remedies import make_fix


def fix(
    source: SourceLike = None,
    findings: Diagnosis | Iterable[Finding] | None = None,
    *,
    with_possible: bool = False,
    policy: Policy | None = None,
    progress: Progress = silent,
) -> Fix:
    """Turn findings into remedies, in the order in which they run. Writes nothing.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        findings: what is to be answered, found in this source, or a Diagnosis; None: all that `check` finds there.
            What their symptoms ask for, and their own changes do not do, is answered too.
        with_possible: write what is only possible too; without it, such findings are named in `refused`.
        policy: what the team states.
        progress: told what is being done.
    Returns: The remedies with their SQL, both ways, what only a person can answer, and what a Diagnosis says was not
        examined.
    Raises: DatabaseError, ConfigError, BrokenCheck.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    found = check(snapshot, progress=progress) if findings is None else findings
    given = tuple(_with_symptoms(found.findings if isinstance(found, Diagnosis) else found))
    doubtful = [one for one in given if one.changes and one.confidence == "possible" and not with_possible]
    result = make_fix(snapshot, (one for one in given if one not in doubtful))
    return replace(
        result,
        refused=(*result.refused, *map(_leave_out, doubtful)),
        not_examined=found.not_examined if isinstance(found, Diagnosis) else (),
    )


def _with_symptoms(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings, and what stands under them where it asks for a change: making the fix settles which is made."""
    for finding in findings:
        yield finding
        yield from (one for one in finding.symptoms if one.changes)


def _leave_out(finding: Finding) -> NotExamined:
    return NotExamined(
        finding.key, "the finding is only possible", f"when you are sure: pgwright fix --only {quote(finding.key)}"
    )
