"""Stages 3 and 4 in one: findings become remedies, and those stay that measurements on copies show to help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pgwright.errors import ProofError
from pgwright.model.change import DropIndex, UniqueAmongLiving
from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.proof import Proof
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.changes import Unwritten
from pgwright.pipeline.fix import request
from pgwright.pipeline.prove import prove
from pgwright.pipeline.snapshot import is_file
from pgwright.proof.timing import ROUNDS
from pgwright.remedies import FixChoice, left_out, vain, with_measured
from pgwright.report.proof.words import conclusion, is_proved, speaks_against


def fix_proved(
    source: str | None,
    snapshot: Snapshot,
    findings: Diagnosis | Iterable[Finding],
    *,
    choice: FixChoice | None = None,
    with_possible: bool = False,
    staging: str | None = None,
    rounds: int = ROUNDS,
    policy: Policy | None = None,
    server: Path | None = None,
    progress: Progress = silent,
) -> Fix:
    """Turn findings into the remedies that help, measured by `prove`; what does not help is left out and said.

    Args:
        source: a DSN, or None for DATABASE_URL and the PG* variables; the database is only read.
        snapshot: of the source, in which the findings were found.
        findings, choice, with_possible: as for `fix`.
        staging, rounds, policy, server, progress: as for `prove`.
    Returns: As `fix`, with the proof of what it writes all together; where that proves nothing, without remedies.
    Raises: ProofError: the source holds no rows. What `prove` raises.
    """
    if is_file(source):
        raise ProofError(
            f"{source!r} is a snapshot: it holds no rows to measure on. Name the database itself; or leave out "
            "--prove, and let pgwright prove compare plans"
        )
    asked = request(snapshot, findings, choice, with_possible=with_possible)
    made, out, proof = asked.made(), [], None
    while made.remedies:
        proof = prove(
            source, Unwritten(made), staging=staging, rounds=rounds, policy=policy, server=server, progress=progress
        )
        if not (useless := vain(made, proof)):
            break
        out += [left_out(remedy, reason) for remedy, reason in useless.items()]
        asked = asked.without(useless)
        made = asked.made()
    if proof is not None and made.remedies and not _is_proved(made, proof):
        reason = f"not proved on copies: {conclusion(proof)[0]}"
        out += [left_out(remedy, reason) for remedy in made.remedies]
        made = replace(made, remedies=())
    told = made if proof is None else with_measured(made, proof)
    return replace(told, refused=(*out, *told.refused))


def _is_proved(fix: Fix, proof: Proof) -> bool:
    """Tell whether a fix helps, or where it only drops what costs writes and room, does no harm."""
    only_drops = all(isinstance(remedy.change, DropIndex | UniqueAmongLiving) for remedy in fix.remedies)
    return not speaks_against(proof) if only_drops else is_proved(proof)
