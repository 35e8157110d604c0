"""READ FIRST: the path of data, one stage a function.

    database ──▶ snapshot ──▶ findings ──▶ remedies ──▶ proof ──▶ report
            take_snapshot  check, advise   fix         prove

Each stage takes what the one before gave. Nothing here writes to the database that the user names.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import psycopg

from pgwright.advisor import advisor
from pgwright.advisor import findings as advised
from pgwright.advisor.goal import Goal
from pgwright.checks import load_checks, run_checks, score_subjects
from pgwright.checks.loader import CONFIDENCES, is_allowed
from pgwright.database import conninfo, environment, mask
from pgwright.embedded import binaries
from pgwright.errors import ConfigError, EmbeddedServerError, MigrationError, ProofError, TwinError
from pgwright.migrations import AlembicDirectory, upgrade
from pgwright.model.advice import Advice
from pgwright.model.comparison import StatementComparison
from pgwright.model.finding import SEVERITIES, Check, Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.probe import Probe
from pgwright.model.proof import Proof
from pgwright.model.snapshot import Snapshot
from pgwright.probe import CHECKS as PROBED
from pgwright.probe import ProbeRequest
from pgwright.probe import probe as probing
from pgwright.proof import Operation
from pgwright.proof import prove as proving
from pgwright.proof.forecast import forecast
from pgwright.proof.timing import ROUNDS
from pgwright.remedies import make_fix
from pgwright.snapshot import load_snapshot, read_snapshot
from pgwright.twin.comparison import compare_plans

# What is being done, how much of it is done, and of how much (0: nobody knows).
Progress = Callable[[str, int, int], None]
_DEFAULT_GOAL = Goal()


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def take_snapshot(
    source: str | None, *, policy: Policy | None = None, with_values: bool = True, progress: Progress = silent
) -> Snapshot:
    """Stage 1: read a database, or a file that holds a snapshot of one.

    Args:
        source: a DSN, the path of a snapshot file, or None for DATABASE_URL and the PG* variables.
        policy: what the team states; a policy that states something replaces the one in a file.
        with_values: keep the sample values of `pg_stats`.
        progress: told of each subject before it is read.
    Raises: DatabaseError, ConfigError.
    """
    if source is not None and is_file(source):
        loaded = load_snapshot(Path(source))
        return loaded if policy is None or policy == Policy() else replace(loaded, policy=policy)
    return read_snapshot(
        source, policy=policy, with_values=with_values, progress=lambda subject: progress(f"reading {subject}", 0, 0)
    )


def check(
    snapshot: Snapshot, *, with_advice: bool = True, goal: Goal = _DEFAULT_GOAL, progress: Progress = silent
) -> Diagnosis:
    """Stage 2: ask every check of the snapshot, and the index advisor of its workload. Never fails for the advisor."""
    run = run_checks(snapshot)
    found, missing = _advised(snapshot, goal, progress) if with_advice else ((), _LEFT_OUT)
    findings = tuple(sorted((*run.findings, *(one for one in found if not _is_allowed(one, snapshot))), key=_badness))
    allowed = (*run.allowed, *(one for one in found if _is_allowed(one, snapshot)))
    not_examined = (*snapshot.not_examined, *run.not_examined, *missing)
    is_blind = any(one.what == MISSING_INDEX.name for one in missing)
    names = run.names if is_blind else (*run.names, MISSING_INDEX.name)
    return Diagnosis(
        database=snapshot.server.database,
        server_version=snapshot.server.version,
        taken_at=snapshot.taken_at,
        checks_run=names,
        findings=findings,
        not_examined=tuple(dict.fromkeys(not_examined)),
        scorecard=score_subjects(snapshot, findings, not_examined, (*load_checks(), MISSING_INDEX)),
        allowed=tuple(one.key for one in allowed),
    )


def advise(snapshot: Snapshot, *, goal: Goal = _DEFAULT_GOAL, progress: Progress = silent) -> Advice:
    """Stage 2, the part that plans: choose indexes for the workload on the planner twin.

    Args:
        snapshot: with its schema and statements.
        goal: what the advisor is asked for.
        progress: told what was found so far. Ctrl-C meanwhile gives the best choice so far; the advice says so.
    Raises: TwinError: the snapshot lacks the schema or the workload, or the twin cannot be built. EmbeddedServerError.
    """
    if (lacking := _lacks(snapshot)) is not None:
        raise TwinError(". ".join(part for part in (f"no advice: {lacking.reason}", lacking.remedy) if part))
    progress("building the planner twin", 0, 0)
    return advisor.advise(snapshot, goal, progress=progress)


def fix(snapshot: Snapshot, findings: Iterable[Finding]) -> Fix:
    """Stage 3: turn findings into remedies, in the order in which they run."""
    return make_fix(snapshot, findings)


def prove(
    dsn: str | None,
    change: Revisions | Script,
    *,
    operations: Sequence[Operation] = (),
    staging: str | None = None,
    rounds: int = ROUNDS,
    policy: Policy | None = None,
    progress: Progress = silent,
) -> Proof:
    """Stage 4: copy the database twice, apply the change to one copy, plan and measure both, compare results.

    Args:
        dsn: the database, which is only read. A snapshot file holds no rows: then the plans are compared, no times.
        change: what is applied.
        operations: the app's own, measured beside the statements of the workload.
        staging: a server where the copies may be made; None: an embedded one.
        rounds: counted runs of each statement and operation.
        policy: what the team states.
        progress: told what is being done.
    Raises: ProofError, MigrationError, TwinError, EmbeddedServerError, DatabaseError.
    """
    source = take_snapshot(dsn, policy=policy, progress=progress)
    change.require_pending(source)
    if dsn is not None and is_file(dsn):
        progress("planning on the twin", 0, 0)
        return forecast(source, apply=change.apply, read=partial(read_snapshot, policy=policy))
    return proving.prove(
        source,
        conninfo(dsn),
        apply=change.apply,
        read=partial(read_snapshot, policy=policy),
        operations=operations,
        staging=staging,
        rounds=rounds,
        progress=progress,
    )


def plan(
    snapshot: Snapshot,
    text: str,
    *,
    query_id: int | None = None,
    values: Sequence[str | None] = (),
    with_indexes: Sequence[str] = (),
    without_indexes: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> StatementComparison:
    """Beside the stages: what production would do with one statement, as it is and with a change.

    Args: those of `pgwright.twin.comparison.compare_plans`.
    Raises: StatementRefused, TwinError, EmbeddedServerError.
    """
    if not snapshot.schema_sql:
        lacking = _because(snapshot, "schema", "the snapshot holds no schema")
        raise TwinError(". ".join(part for part in (f"no plan: {lacking.reason}", lacking.remedy) if part))
    progress("planning on the twin", 0, 0)
    return compare_plans(
        snapshot,
        text,
        query_id=query_id,
        values=values,
        with_indexes=with_indexes,
        without_indexes=without_indexes,
        settings=settings,
    )


def probe(asked: ProbeRequest, *, progress: Progress = silent) -> Probe:
    """Beside the stages: call the app's GET endpoints at two sizes, and tell whose queries grow; all is rolled back.

    Args:
        asked: the app and how to call it.
        progress: told of each endpoint before it is called.
    Raises: ProbeError, DatabaseError.
    """
    return probing(asked, progress)


@dataclass(frozen=True)
class Revisions:
    """A change that stands in the app's Alembic directory."""

    directory: AlembicDirectory
    to: str = "head"

    def require_pending(self, source: Snapshot) -> None:
        """Raise MigrationError when the database is there already."""
        target = self.directory.head if self.to == "head" else self.to
        if target in source.server.alembic_revisions:
            raise MigrationError(
                f"the database {source.server.database!r} is at {target} already, so there is nothing to prove. "
                "Write the fix first: pgwright fix"
            )

    def apply(self, dsn: str) -> str:
        """Run the revisions on a clone and name them."""
        return ", ".join(upgrade(dsn, self.directory, self.to)) or "no revision"


@dataclass(frozen=True)
class Script:
    """A change that stands in a file for psql."""

    path: Path

    def require_pending(self, source: Snapshot) -> None:
        """A script tells nobody whether it ran."""

    def apply(self, dsn: str) -> str:
        """Run the script on a clone and name it. Raises ProofError with what psql said."""
        quietly = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
        command = [str(binaries() / "psql"), *quietly, "-f", str(self.path)]
        ran = subprocess.run(command, env=environment(dsn), capture_output=True, text=True, check=False)
        if ran.returncode:
            said = "; ".join(line for line in ran.stderr.splitlines() if "ERROR" in line or "error" in line)
            raise ProofError(f"the script {str(self.path)!r} failed on the clone: {mask(said or ran.stderr.strip())}")
        return self.path.name


def is_file(source: str) -> bool:
    """True when what the user gave in place of a DSN is a file."""
    try:
        return Path(source).is_file()
    except OSError:  # a DSN can be longer than a path may be
        return False


def all_checks() -> tuple[Check, ...]:
    """Return every check by name, the index advisor and those of the probe among them."""
    return tuple(sorted((*load_checks(), MISSING_INDEX, *PROBED), key=lambda one: one.name))


def require_check(key: str) -> Check:
    """Return the check that a name, or a `check:object`, means. Raises ConfigError with the nearest name."""
    known: Mapping[str, Check] = {one.name: one for one in all_checks()}
    name = key.split(":", 1)[0]
    if name in known:
        return known[name]
    nearest = get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else " List them all: pgwright explain"
    raise ConfigError(f"there is no check {name!r}.{hint}")


def manual(check: Check) -> str:
    """Return the manual of a check: the docstring of its module."""
    module = advised if check is MISSING_INDEX else sys.modules[check.module]
    return (module.__doc__ or "").strip()


# The advisor in the shape of a check, so that it has a name, a subject, a manual and a score as they have.
MISSING_INDEX = Check("pgwright.planner.indexes.missing_index", "medium", "likely", find=lambda snapshot: iter(()))
_MOST_NAMED = 3
_LEFT_OUT = (NotExamined(MISSING_INDEX.name, "the index advisor was left out on request", "leave out --no-advice"),)


def _advised(snapshot: Snapshot, goal: Goal, progress: Progress) -> tuple[tuple[Finding, ...], tuple[NotExamined, ...]]:
    if (lacking := _lacks(snapshot)) is not None:
        return (), (lacking,)
    try:
        advice = advise(snapshot, goal=goal, progress=progress)
    except (TwinError, EmbeddedServerError, psycopg.Error, OSError) as error:
        reason = mask(str(error).strip()) or type(error).__name__
        return (), (NotExamined(MISSING_INDEX.name, f"the index advisor failed: {reason}"),)
    if advice.ended == "interrupted":  # half a diagnosis would pass for a whole one, and `fix` would write from it
        raise KeyboardInterrupt
    return advised.findings_from(advice, snapshot), _unplanned(advice)


def _unplanned(advice: Advice) -> tuple[NotExamined, ...]:
    """Return what the advisor could not plan, as one entry that names the worst."""
    if not advice.unplanned:
        return (
            () if advice.statements else (NotExamined(MISSING_INDEX.name, "no statement of the workload uses a table"),)
        )
    every = advice.statements + len(advice.unplanned)
    worst = "; ".join(f"{one.what}: {one.reason}" for one in advice.unplanned[:_MOST_NAMED])
    more = len(advice.unplanned) - _MOST_NAMED
    reason = f"they could not be planned: {worst}" + (f"; and {more} more" if more > 0 else "")
    what = f"{MISSING_INDEX.name} for {len(advice.unplanned)} of {every} statements"
    return (NotExamined(what, reason, "pgwright advise lists them all"),)


def _lacks(snapshot: Snapshot) -> NotExamined | None:
    """Return why the advisor cannot work from this snapshot."""
    if not snapshot.schema_sql:
        return _because(snapshot, "schema", "the snapshot holds no schema")
    if not snapshot.statements:
        return _because(snapshot, "workload", "pg_stat_statements holds no statement of this database yet")
    return None


def _because(snapshot: Snapshot, word: str, otherwise: str) -> NotExamined:
    known = next((one for one in snapshot.not_examined if word in one.what), NotExamined(word, otherwise))
    return NotExamined(MISSING_INDEX.name, known.reason, known.remedy)


def _is_allowed(finding: Finding, snapshot: Snapshot) -> bool:
    return is_allowed(finding, snapshot.policy)


def _badness(finding: Finding) -> tuple[int, int, str]:
    return SEVERITIES.index(finding.severity), CONFIDENCES.index(finding.confidence), finding.check
