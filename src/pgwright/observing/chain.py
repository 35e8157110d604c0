"""The pending revisions, one after the other, each on the schema that it will find."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory
from pgwright.model.migration import Direction, ObservedRevision
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.observing.messages import Begun, Broken, ChildQuestion, Confined, Replayed, Seen
from pgwright.observing.names import shown
from pgwright.observing.process import RevisionProcess, child_of, own_folder
from pgwright.observing.source import RevisionSource
from pgwright.observing.walls import ALONE

_MOST_DATABASES = 12
"""After so many that a revision left unusable, the rest is left out: each of them runs all before it again."""
NOT_REPLAYED = "it was run to come to the start, and ended before its end"
_STOPPED = "too many revisions before it left a schema that the next ones do not find, or did not end"


_SEE = "It may lack what is not to be had here: see {}"
_LACKS = re.compile(r"does not exist")


@dataclass
class Chain:
    """Runs revisions in processes of their own, on a database each time one is left unusable."""

    directory: AlembicDirectory
    database: Callable[[], AbstractContextManager[str]]
    """Gives the DSN of a database with the schema that the first revision finds, but for what is replayed."""
    question: ChildQuestion
    """What is the same for all processes."""
    progress: Progress
    seconds: float
    """How long one function may take."""
    endless: list[str] = field(default_factory=list)
    """Revisions that did not end."""
    revisions: list[ObservedRevision] = field(default_factory=list)
    not_examined: dict[NotExamined, None] = field(default_factory=dict)

    def run(self, replayed: tuple[str, ...], pending: tuple[str, ...]) -> None:
        """Observe all pending revisions, or say of which not, and why. Raises MigrationError: none could be run."""
        done, left = list(replayed), list(pending)
        for _ in range(_MOST_DATABASES):
            if not left:
                return
            seen = self._part(tuple(done), tuple(left))
            done, left = [*done, *left[:seen]], left[seen:]
        for revision in left:
            self._note(NotExamined(f"revision {revision}", _STOPPED))

    def _part(self, replayed: tuple[str, ...], pending: tuple[str, ...]) -> int:
        """Observe revisions on one database as far as it goes; return how many."""
        with self.database() as dsn, own_folder() as folder:
            asked = replace(
                self.question, dsn=dsn, folder=folder, replayed=replayed, noted=tuple(self.endless), observed=pending
            )
            with child_of(asked, seconds=self.seconds) as child:
                return self._listen(child, pending)

    def _listen(self, child: RevisionProcess, pending: tuple[str, ...]) -> int:
        begun = Begun("", "")
        seen = 0
        for answer in child.answers():
            match answer:
                case Broken(reason):
                    raise MigrationError(f"the revisions of {self.directory.source} cannot be run: {reason}")
                case Confined(what):
                    self._confined(what)
                case Begun():
                    begun = answer
                case Replayed(revision, error) if error:
                    reason = f"{NOT_REPLAYED}: {error}"
                    self._note(NotExamined(f"revision {revision}", reason))
                case Seen():
                    seen += 1
                    excused = self._excused(answer.revision, answer.not_examined)
                    remedy = _SEE.format(", ".join(self._blamed[:3])) if excused != answer.revision else ""
                    for one in answer.not_examined:
                        self._note(dataclasses.replace(one, remedy=one.remedy or remedy))
                    self.revisions.append(excused)
                    self.progress(f"revision {seen} of {len(pending)}")
                    if answer.is_spoiled:
                        return seen
        if not child.ending:
            return seen
        if not begun.revision or begun.revision in self.endless:
            raise MigrationError(f"the revisions of {self.directory.source} cannot be run: {child.why}")
        self.endless.append(begun.revision)
        if begun.revision not in pending:
            reason = f"it was to be run to come to the start, and did not end: {child.why}"
            self._note(NotExamined(f"revision {begun.revision}", reason))
            return seen
        self._lost(begun, child)
        return seen + 1

    @property
    def _blamed(self) -> list[str]:
        """What could not be run or had, and may be what a later revision lacks."""
        failed = [one for one in self.revisions if one.upgrade.failure not in ("", "server refused", "needs another")]
        extensions = [one.what for one in self.not_examined if one.what.startswith("extension ")]
        return [f"revision {one.revision}" for one in failed] + extensions

    def _excused(self, revision: ObservedRevision, missing: tuple[NotExamined, ...]) -> ObservedRevision:
        """Return a revision whose failure may be that of another one, which could not be run, as one that says so."""
        up = revision.upgrade
        lacks = bool(self._blamed) or any(one.what.startswith("extension ") for one in missing)
        if up.failure != "server refused" or not _LACKS.search(up.error) or not lacks:
            return revision
        return dataclasses.replace(revision, upgrade=dataclasses.replace(up, failure="needs another"))

    def _lost(self, begun: Begun, child: RevisionProcess) -> None:
        """Note a revision whose process did not end."""
        script = self.directory.script.get_revision(begun.revision)
        text = Path(script.path).read_text(encoding="utf-8", errors="replace")
        source = RevisionSource(text, shown(script.path))
        self.revisions.append(
            ObservedRevision(
                revision=script.revision,
                down_revisions=tuple(script._versioned_down_revisions),
                path=shown(script.path),
                message=source.title,
                source=text,
                upgrade=Direction(error=child.why, failure="took too long"),
                uses_bind=source.uses_bind(),
            )
        )
        self._note(NotExamined(f"revision {begun.revision}", f"its {begun.what} did not end: {child.why}"))

    def _confined(self, what: str) -> None:
        if what.startswith(ALONE):
            reason = f"only Python's own functions keep them from hosts and files: {what.partition(': ')[2]}"
            self._note(NotExamined("the confinement of the revisions", reason))

    def _note(self, one: NotExamined) -> None:
        self.not_examined[one] = None
