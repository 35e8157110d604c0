"""Stage 1, the app's pending revisions: they run on a twin, and are judged by their checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pgwright.checks import load_checks, run_checks, set_apart
from pgwright.figures import count
from pgwright.files import from_here
from pgwright.migrations.ignores import Ignore, read_ignores
from pgwright.model.finding import Finding
from pgwright.model.lint import IgnoredFinding, Lint, LintedLock, LintedRevision, LintedStatement, is_about
from pgwright.model.migration import ObservedRevision, ObservedStatement, PendingMigrations
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress, silent
from pgwright.observing import NOT_REPLAYED, LintOrder, observe
from pgwright.pipeline.timing import timed

_TEXT = 2_000
_REFUSED = "statement-fails"
_NO_MODULE = "ModuleNotFoundError"
_UNKNOWN_SIZES = NotExamined(
    "sizes and traffic",
    "no database was named, so a table may be empty or huge",
    "pgwright migrations lint DSN, or the file of a snapshot",
    parts=("snapshot",),
)
_RATES = "seconds are estimated, by rates {source}: a server that is slower or busy takes longer"


def lint(
    order: LintOrder,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    notices: Iterable[str] = (),
    progress: Progress = silent,
) -> Lint:
    """Run the pending revisions on a twin and judge them.

    Args:
        order: which revisions, and of which database.
        only: checks, or `check:object`; none: all.
        skip: the same, to leave out.
        notices: what else the report is to say.
        progress: told of each revision before it runs.
    Returns: The findings, worst first, without those that the policy allows or a comment ignores.
    Raises: MigrationError, TwinError, EmbeddedServerError, BrokenCheck.
    """
    pending = timed(observe(order, progress), order, progress)
    found = judge(pending, only=only, skip=skip)
    told = (_RATES.format(source=pending.rates_source),) if pending.rates_source else ()
    return replace(found, notices=(*notices, *told, *found.notices))


def judge(pending: PendingMigrations, *, only: Collection[str] = (), skip: Collection[str] = ()) -> Lint:
    """Ask the checks of revisions that were observed. Raises BrokenCheck."""
    if pending.snapshot is None:
        pending = replace(pending, not_examined=(*pending.not_examined, _UNKNOWN_SIZES))
    wanted = {name.partition(":")[0] for name in only}
    checks = [one for one in load_checks() if one.reads is PendingMigrations and (not wanted or one.name in wanted)]
    run = run_checks(pending, checks)
    chosen = [one for one in run.findings if _is_chosen(one, only, skip)]
    missing, lacks_start = _with_start(run.not_examined)
    # What this machine or the start lacks says nothing about production; it stands among what was not examined.
    lacking = {one.revision for one in pending.revisions if lacks_start or one.upgrade.error.startswith(_NO_MODULE)}
    chosen = [one for one in chosen if one.check != _REFUSED or not any(is_about(one, each) for each in lacking)]
    found, allowed = set_apart(chosen, pending.policy)
    found, ignored, notices = _without_ignored(pending, found, () if skip or only else run.names)
    return Lint(
        directory=str(from_here(Path(pending.directory))),
        database=pending.database,
        observed_on=pending.observed_on,
        linted_at=pending.linted_at,
        start=pending.start,
        heads=pending.heads,
        revisions=tuple(map(_linted, pending.revisions)),
        findings=found,
        not_examined=missing,
        checks_run=run.names,
        allowed=tuple(one.key for one in allowed),
        ignored=ignored,
        notices=notices,
    )


def _with_start(missing: Sequence[NotExamined]) -> tuple[tuple[NotExamined, ...], bool]:
    """Return what was not examined, the revisions before the start that failed as one, and whether there are some."""
    failed = [one for one in missing if one.reason.startswith(NOT_REPLAYED)]
    if not failed:
        return tuple(missing), False
    first = failed[0]
    told = NotExamined(
        "the schema at the start",
        f"{count(len(failed), 'revision')} before it failed on an empty database, the first of them {first.what}: "
        f"{first.reason.removeprefix(NOT_REPLAYED).lstrip(': ')}",
        "run it where the app is installed, or name a database or a snapshot, which has that schema",
    )
    return (told, *(one for one in missing if one not in failed)), True


def _is_chosen(finding: Finding, only: Collection[str], skip: Collection[str]) -> bool:
    names = {finding.check, finding.key}
    return (not only or not names.isdisjoint(only)) and names.isdisjoint(skip)


def _without_ignored(
    pending: PendingMigrations, findings: Iterable[Finding], ran: Collection[str]
) -> tuple[tuple[Finding, ...], tuple[IgnoredFinding, ...], tuple[str, ...]]:
    """Return the findings that no comment ignores, those that one does, and what is wrong with the comments."""
    texts = {one.path: one.source for one in pending.revisions}
    if (env := Path(pending.environment.path)).is_file():
        texts[pending.environment.path] = env.read_text(encoding="utf-8", errors="replace")
    comments = [one for path, text in texts.items() for one in read_ignores(text, path)]
    left: list[Finding] = []
    ignored: dict[str, IgnoredFinding] = {}
    used: set[Ignore] = set()
    for finding in findings:
        covering = [one for one in comments if one.covers(finding, _path_of(finding, pending))]
        used.update(covering)
        if (reasoned := next((one for one in covering if one.reason), None)) is None:
            left.append(finding)
        else:
            ignored[finding.key] = IgnoredFinding(finding.key, reasoned.reason, reasoned.place)
    notices = [told for one in comments if (told := one.fault(is_used=one in used, ran=ran))]
    return tuple(left), tuple(ignored.values()), tuple(notices)


def _path_of(finding: Finding, pending: PendingMigrations) -> str:
    """Return the file that a finding is about; "" where it is about none."""
    if finding.place is not None:
        return finding.place.file
    return next((one.path for one in pending.revisions if is_about(finding, one.revision)), "")


def _linted(revision: ObservedRevision) -> LintedRevision:
    return LintedRevision(
        revision=revision.revision,
        down_revisions=revision.down_revisions,
        path=revision.path,
        message=revision.message,
        statements=tuple(map(_statement, revision.upgrade.statements)),
        error=revision.upgrade.error,
    )


def _statement(statement: ObservedStatement) -> LintedStatement:
    text = statement.text.strip()
    return LintedStatement(
        text=text if len(text) <= _TEXT else text[:_TEXT] + "…",
        actions=tuple(one.kind for one in statement.actions),
        place=statement.place,
        operation=statement.operation,
        transaction=statement.transaction,
        is_autocommit=statement.is_autocommit,
        locks=tuple(
            LintedLock(one.relation.short, one.kind, one.table.short, one.mode)
            for one in statement.locks
            if not one.is_new
        ),
        rewritten=tuple(one.short for one in statement.rewritten),
        built=tuple(one.short for one in statement.built),
        scanned=tuple(one.short for one in statement.scanned),
        validated=statement.validated,
        seconds=statement.seconds,
        error=statement.error,
    )
