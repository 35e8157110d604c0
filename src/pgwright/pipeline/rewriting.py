"""Pending revisions, rewritten by the code of their findings, and tried on the twin before anything is written."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from pgwright.embedded import EmbeddedServer, binaries
from pgwright.errors import MigrationError
from pgwright.files import write_bytes
from pgwright.migrations import AlembicDirectory, downgrade
from pgwright.model.finding import Finding
from pgwright.model.lint import Lint, LintedRevision
from pgwright.model.migration import PendingMigrations
from pgwright.model.progress import Progress, silent
from pgwright.model.rewriting import LeftToPerson, Rewriting
from pgwright.observing import LintOrder, observe, server_for, start_of
from pgwright.pipeline.drafts import draft
from pgwright.pipeline.lint import judge

_DUMP = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--exclude-schema=pgwright_lint",
    "--exclude-table=*.alembic_version",
    "--exclude-table=*.pgwright_*",
)

_LACKS_MODULE = ("ModuleNotFoundError", "ImportError", "AttributeError: module")


@dataclass(frozen=True)
class _End:
    """What the schema is after all pending revisions, and after their downgrades."""

    upgraded: tuple[str, ...]
    downgraded: tuple[str, ...] | None
    """None: it cannot be downgraded."""


def rewrite(
    order: LintOrder, *, only: Collection[str] = (), skip: Collection[str] = (), progress: Progress = silent
) -> Rewriting:
    """Return the pending revisions as their findings say that they are safe, and what is left to a person.

    Each rewriting ran on the twin: the schema at its end equals that of the revisions as they are, after the upgrade
    and after the downgrade, and the findings that it mends are gone. What fails that is left to a person.

    Raises: MigrationError, TwinError, EmbeddedServerError.
    """
    with server_for(order) as server:
        trial = _Trial(order, server, progress)
        lint = trial.lint = judge(trial.pending, only=only, skip=skip)
        if broken := next((one for one in lint.revisions if one.error), None):
            reason = _fails(lint, broken)
            return Rewriting(left=tuple(LeftToPerson(one.key, reason) for one in lint.findings))
        asked = [one for one in lint.findings if one.code]
        found = trial.attempt(asked) if asked else Rewriting()
        if found is None:
            found = trial.one_by_one(asked)
    told = {*found.mended, *(one.key for one in found.left)}
    by_hand = [LeftToPerson(one.key, "what is safe here is for a person to decide") for one in lint.findings
               if one.key not in told]  # fmt: skip
    return replace(found, left=(*found.left, *by_hand))


def _fails(lint: Lint, broken: LintedRevision) -> str:
    before = lint.revisions[: lint.revisions.index(broken)]
    error = broken.error.strip().splitlines()[0]
    runs = " Run this where the app is installed." if any(word in error for word in _LACKS_MODULE) else ""
    ends = f" To end before it: --until {before[-1].revision}" if before else ""
    return f"revision {broken.revision} fails on the twin, so nothing can be compared: {error}.{runs}{ends}"


class _Trial:
    """Rewritings of the same revisions, compared with the revisions as they are."""

    lint: Lint

    def __init__(self, order: LintOrder, server: EmbeddedServer, progress: Progress) -> None:
        self.order, self.server, self.progress = order, server, progress
        self.pending, self.end = self._run(order)
        self.reason = ""
        self.again: set[tuple[str, str]] = set()

    def attempt(self, findings: Sequence[Finding]) -> Rewriting | None:
        """Return what answers all these findings; None where it does not do the same, or does not mend them."""
        drawn = draft(self.lint, self.order.directory, findings)
        if not drawn.edits:
            return drawn
        with _tried(self.order.directory, drawn) as directory:
            self.reason = self._fault(directory, drawn)
        return None if self.reason else self._with_mended(drawn)

    def one_by_one(self, findings: Sequence[Finding]) -> Rewriting:
        """Return what answers as many of them as can be, the worst first."""
        chosen: list[Finding] = []
        best, left = Rewriting(), list[LeftToPerson]()
        for number, one in enumerate(findings, 1):
            self.progress("trying", number, len(findings))
            if (found := self.attempt([*chosen, one])) is None:
                left.append(LeftToPerson(one.key, self.reason))
            else:
                chosen.append(one)
                best = found
        return replace(best, left=(*best.left, *left))

    def _fault(self, directory: AlembicDirectory, drawn: Rewriting) -> str:
        """Return why a rewriting is none that may be written; "" where it is one."""
        pending, end = self._run(replace(self.order, directory=directory))
        if error := _failure(pending):
            return f"the code does not run in its place: {error}"
        if end.upgraded != self.end.upgraded:
            return f"the schema would differ at the end: {_difference(self.end.upgraded, end.upgraded)}"
        if self.end.downgraded is not None and end.downgraded != self.end.downgraded:
            said = "it fails" if end.downgraded is None else _difference(self.end.downgraded, end.downgraded)
            return f"the downgrade would not undo it: {said}"
        again = self.again = {_about(one) for one in judge(pending).findings}
        wanted = [one for one in self.lint.findings if one.key in drawn.mended]
        if still := next((one for one in wanted if _about(one) in again), None):
            return f"{still.check} would still be found"
        return self._halfway(directory, drawn) if self.end.downgraded is not None else ""

    def _with_mended(self, drawn: Rewriting) -> Rewriting:
        """Return it with all findings that are gone as mended, those of the same statements too."""
        gone = tuple(one.key for one in self.lint.findings if _about(one) not in self.again)
        left = tuple(one for one in drawn.left if one.key not in gone)
        return replace(drawn, mended=tuple(dict.fromkeys((*drawn.mended, *gone))), left=left)

    def _halfway(self, directory: AlembicDirectory, drawn: Rewriting) -> str:
        """Return after which revision a downgrade to the start would not undo all; "" where it always would."""
        for file in drawn.new:
            _, end = self._run(replace(self.order, directory=directory, until=str(file.follows)))
            if end.downgraded != self.end.downgraded:
                return f"a downgrade from {file.follows}, before {file.id} ran, would not undo it"
        return ""

    def _run(self, order: LintOrder) -> tuple[PendingMigrations, _End]:
        ends: list[_End] = []
        pending = observe(order, self.progress, running=self.server, at_end=lambda dsn: ends.append(_ended(dsn, order)))
        return pending, ends[0] if ends else _End((), None)


def _failure(pending: PendingMigrations) -> str:
    return next((one.upgrade.error for one in pending.revisions if one.upgrade.error), "")


def _ended(dsn: str, order: LintOrder) -> _End:
    """Return how the schema is, and how a downgrade to the start leaves it."""
    after = _dumped(dsn)
    start = start_of(order.directory, order.snapshot, order.since, order.until)
    _stamp(dsn, order.directory, {*start.revisions, *start.pending})
    try:
        downgrade(dsn, order.directory, start.revisions[0] if start.revisions else "base")
    except MigrationError:
        return _End(after, None)
    return _End(after, _dumped(dsn))


def _stamp(dsn: str, directory: AlembicDirectory, revisions: Collection[str]) -> None:
    """Let `alembic_version` say which revisions are there."""
    followed = {down for one in revisions for down in directory.script.get_revision(one)._all_down_revisions}
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS public.alembic_version (version_num varchar(255) PRIMARY KEY)")
        owner.execute("DELETE FROM public.alembic_version")
        for one in sorted(set(revisions) - followed):
            owner.execute("INSERT INTO public.alembic_version VALUES (%s)", (one,))


def _dumped(dsn: str) -> tuple[str, ...]:
    """Return the lines of the schema, in an order that does not depend on when things were made."""
    command = [str(binaries() / "pg_dump"), *_DUMP, dsn]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MigrationError(f"the schema on the twin could not be read: {ran.stderr.strip()}")
    lines = (line.strip().rstrip(",") for line in ran.stdout.splitlines())
    return tuple(sorted(line for line in lines if line and not line.startswith(("--", "\\"))))


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    gone, come = [one for one in before if one not in after], [one for one in after if one not in before]
    said = [f"without {gone[0]!r}"] if gone else []
    return ", ".join([*said, *([f"with {come[0]!r}"] if come else [])]) or "lines come twice or once"


def _about(finding: Finding) -> tuple[str, str]:
    return finding.check, finding.object.rpartition(" in ")[0] or finding.object


@contextmanager
def _tried(directory: AlembicDirectory, drawn: Rewriting) -> Iterator[AlembicDirectory]:
    """Give the directory as it would be; its revisions are copies."""
    with tempfile.TemporaryDirectory(prefix="pgwright-") as scratch:
        folders = [Path(scratch, str(number)) for number, _ in enumerate(directory.version_folders)]
        copies = dict(zip((one.resolve() for one in directory.version_folders), folders, strict=True))
        for own, copy in copies.items():
            shutil.copytree(own, copy, ignore=shutil.ignore_patterns("__pycache__"))
        texts = {one.path: one.after for one in drawn.edits} | {one.path: one.text for one in drawn.new}
        for path, text in texts.items():
            write_bytes(_copied(path, copies), text.encode(), is_private=False)
        yield directory.with_versions(folders, Path(scratch, "alembic.ini"))


def _copied(path: Path, copies: dict[Path, Path]) -> Path:
    whole = path.parent.resolve() / path.name
    own = next(one for one in copies if whole.is_relative_to(one))
    return copies[own] / whole.relative_to(own)
