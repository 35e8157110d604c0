"""Stage 3: findings become remedies."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.pipeline.check import check
from pgwright.pipeline.snapshot import SourceLike, take_snapshot
from pgwright.remedies import make_fix


def fix(
    source: SourceLike = None,
    findings: Diagnosis | Iterable[Finding] | None = None,
    *,
    policy: Policy | None = None,
    progress: Progress = silent,
) -> Fix:
    """Turn findings into remedies, in the order in which they run. Writes nothing.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        findings: what is to be answered, found in this source, or a Diagnosis; None: all that `check` finds there.
        policy: what the team states.
        progress: told what is being done.
    Returns: The remedies with their SQL, both ways, and what only a person can answer.
    Raises: DatabaseError, ConfigError, BrokenCheck.
    """
    snapshot = take_snapshot(source, policy=policy, progress=progress)
    found = check(snapshot, progress=progress) if findings is None else findings
    return make_fix(snapshot, found.findings if isinstance(found, Diagnosis) else found)
