"""One revision after the other: up, down, and up again for the next one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from pgwright.migrations import AlembicDirectory
from pgwright.model.migration import Direction, ObservedRevision
from pgwright.model.not_examined import NotExamined
from pgwright.observing.blockers import Blockers
from pgwright.observing.doors import WaysOut
from pgwright.observing.driver import WatchedConnection
from pgwright.observing.lent import Lent
from pgwright.observing.messages import Answer, Begun, Replayed, Seen
from pgwright.observing.names import shown
from pgwright.observing.objects import Objects, differences, read_objects
from pgwright.observing.recorder import Recorder
from pgwright.observing.runs import Runs
from pgwright.observing.said import WhyEnded, failure_of, server_error
from pgwright.observing.source import RevisionSource
from pgwright.observing.watch import State, look

# What one transaction around both refuses, and one for each would not: a new enum value that is used, an ALTER TABLE
# after changed rows, of a table that is in use.
_OF_ONE_TRANSACTION = ("55P04", "55006")


@dataclass
class Examination:
    """Runs revisions on one database, and tells what each did."""

    directory: AlembicDirectory
    runs: Runs
    connections: Sequence[WatchedConnection]
    """Those that revisions get."""
    watching: psycopg.Connection[Any]
    blockers: Blockers
    lent: Lent
    doors: WaysOut
    answer: Callable[[Answer], None]

    def replay(self, revision: str, *, is_run: bool) -> Replayed:
        """Run a revision that is not to be observed, or only note it; what it cannot do is left out."""
        self.answer(Begun(revision, "replay"))
        script, source = self._script(revision)
        if not is_run:
            self.runs.note(script)
            return Replayed(revision)
        with self._recorded(script, keeps=True, is_blind=True):
            error = self.runs.run(script, is_upgrade=True, parameters=source.parameters("upgrade"), keeps=True)
        return Replayed(revision, failure_of(error).reason if error is not None else "")

    def observe(self, revision: str) -> Seen:
        """Run a revision up, down and up again, and tell what it did."""
        script, source = self._script(revision)
        known = look(self.watching)
        before = read_objects(self.watching)
        self.lent.missing.clear()
        with self.doors.tried() as tried:
            up, recorder, failure = self._direction(script, source, "upgrade")
            down, is_spoiled = None, False
            if not failure:
                new = look(self.watching)
                down, is_spoiled = self._down_and_up(script, source, before)
            else:
                new, is_spoiled = look(self.watching), self._kept(script, source, recorder)
        tables = tuple(
            one.name for oid, one in new.relations.items() if oid not in known.relations and one.kind.endswith("table")
            and one.kind != "TOAST table"
        )  # fmt: skip
        seen = ObservedRevision(
            revision=script.revision,
            down_revisions=tuple(script._versioned_down_revisions),
            path=shown(script.path),
            message=source.title,
            source=Path(script.path).read_text(encoding="utf-8", errors="replace"),
            upgrade=up,
            downgrade=down,
            new_tables=tables,
            uses_bind=source.uses_bind(),
            reaches_out=tuple(tried),
        )
        return Seen(seen, tuple(self._left_out(seen, recorder, failure)), is_spoiled)

    def _down_and_up(self, script: Any, source: RevisionSource, before: Objects) -> tuple[Direction, bool]:
        """Run the downgrade, and the upgrade again; return what the former did, and whether the schema is lost.

        Both in a transaction that is rolled back, so that the next revision finds the upgraded schema, unless the
        revision commits by itself.
        """
        upgraded = read_objects(self.watching)
        if source.is_missing("downgrade"):
            return Direction(is_missing=True, left=differences(before, upgraded)), False
        if source.commits:
            down, _ = self._both(script, source, before, self.watching)
        else:
            with self.runs.trial() as connection:
                down, _ = self._both(script, source, before, connection)
        return down, read_objects(self.watching) != upgraded

    def _both(
        self, script: Any, source: RevisionSource, before: Objects, seen_by: psycopg.Connection[Any]
    ) -> tuple[Direction, Recorder]:
        down, recorder, failure = self._direction(script, source, "downgrade")
        if failure is not None:
            return down, recorder
        left = differences(before, read_objects(seen_by))
        self.answer(Begun(script.revision, "upgrade again"))
        with self._recorded(script, is_blind=True):
            error = self.runs.run(script, is_upgrade=True, parameters=source.parameters("upgrade"))
        failure = None if error is None else failure_of(error)
        is_of_trial = error is not None and getattr(server_error(error), "sqlstate", None) in _OF_ONE_TRANSACTION
        again = failure.reason if failure is not None and not is_of_trial else ""
        return replace(down, left=left, again=again), recorder

    def _direction(
        self, script: Any, source: RevisionSource, function: str
    ) -> tuple[Direction, Recorder, WhyEnded | None]:
        self.answer(Begun(script.revision, function))
        with self._recorded(script) as recorder:
            error = self.runs.run(script, is_upgrade=function == "upgrade", parameters=source.parameters(function))
        last = recorder.statements[-1] if recorder.statements else None
        failed = last.text if last is not None and last.error else ""
        failure = failure_of(error, failed) if error is not None else None
        statements = tuple(recorder.statements)
        if failure is None:
            return Direction(statements, is_missing=source.is_missing(function)), recorder, None
        is_missing = source.is_missing(function)
        return Direction(statements, failure.reason, failure.kind, is_missing), recorder, failure

    def _kept(self, script: Any, source: RevisionSource, recorder: Recorder) -> bool:
        """Keep what a failed revision did before it failed, so that the next ones find it."""
        if recorder.has_committed or not recorder.statements:
            self.runs.note(script)
            return False
        self.answer(Begun(script.revision, "upgrade as far as it goes"))
        with self._recorded(script, keeps=True, is_blind=True):
            self.runs.run(script, is_upgrade=True, parameters=source.parameters("upgrade"), keeps=True)
        return False

    @contextmanager
    def _recorded(self, script: Any, *, keeps: bool = False, is_blind: bool = False) -> Iterator[Recorder]:
        known = State() if is_blind else look(self.watching)
        recorder = Recorder(
            os.path.abspath(script.path), shown(script.path), known, self.watching, self.blockers, self.lent,
            is_lenient=keeps, is_blind=is_blind,
        )  # fmt: skip
        for one in self.connections:
            one.watcher = recorder
        try:
            yield recorder
        finally:
            for one in self.connections:
                one.watcher = None

    def _left_out(self, seen: ObservedRevision, recorder: Recorder, failure: WhyEnded | None) -> Iterator[NotExamined]:
        """Yield what of a revision could not be seen."""
        what = f"revision {seen.revision}"
        if failure is not None:
            empty = [one.place.line for one in seen.upgrade.statements if one.reads_nothing]
            why = f"; line {empty[-1]} read no rows, for tables are empty on the twin" if empty else ""
            yield NotExamined(
                what, f"its upgrade fails, and what follows there was not seen: {failure.reason}{why}", failure.remedy
            )
        for one in seen.upgrade.statements:
            if one.reads_nothing and failure is None:
                yield NotExamined(
                    f"{what}, line {one.place.line}",
                    "it reads rows, and the tables of the twin are empty: what it does with rows was not seen",
                )
        for line, reason in recorder.unseen.items():
            yield NotExamined(f"the locks of {what}, line {line}", reason)
        yield from self.lent.missing

    def _script(self, revision: str) -> tuple[Any, RevisionSource]:
        script = self.directory.script.get_revision(revision)
        return script, RevisionSource(
            Path(script.path).read_text(encoding="utf-8", errors="replace"), shown(script.path)
        )
