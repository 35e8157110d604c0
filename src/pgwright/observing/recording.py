"""Run revisions one by one in this process, and look before and after each statement."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, NullPool, create_engine, event

from pgwright.migrations import AlembicDirectory
from pgwright.model.finding import CodeLine
from pgwright.model.migration import Direction, ObservedRevision, ObservedStatement
from pgwright.observing.watch import FileState, SessionWatch, files
from pgwright.sqltext.actions import read_actions


def record(dsn: str, directory: AlembicDirectory, start: tuple[str, ...], until: str) -> tuple[ObservedRevision, ...]:
    """Run the revisions from `start` on, and return what each did; it ends with one that fails."""
    found: list[ObservedRevision] = []
    for script in _pending(directory, start, until):
        with psycopg.connect(dsn, autocommit=True) as looking:
            before = files(looking)
        recorder = Recorder(Path(script.path), frozenset(before))
        error = _run(dsn, directory, script.revision, recorder)
        with psycopg.connect(dsn, autocommit=True) as looking:
            new = tuple(one.name for oid, one in files(looking).items() if oid not in before and "table" in one.kind)
        upgrade = Direction(tuple(recorder.statements), error)
        found.append(
            ObservedRevision(
                revision=script.revision,
                down_revisions=tuple(script._versioned_down_revisions),
                path=script.path,
                message=(script.doc or "").strip().partition("\n")[0],
                source=Path(script.path).read_text(encoding="utf-8"),
                upgrade=upgrade,
                new_tables=new,
            )
        )
        if error:
            break
    return tuple(found)


def _pending(directory: AlembicDirectory, start: tuple[str, ...], until: str) -> list[Any]:
    steps = directory.script._upgrade_revs(until, cast("Any", start))
    return [step.revision for step in steps]


@dataclass
class Recorder:
    path: Path
    known: frozenset[int]
    statements: list[ObservedStatement] = field(default_factory=list)
    transaction: int = 0
    _before: dict[int, FileState] = field(default_factory=dict)
    _watch: SessionWatch | None = None
    _is_looking: bool = False

    def attach(self, connection: Connection) -> None:
        event.listen(connection, "begin", self._begun)
        event.listen(connection, "before_cursor_execute", self._before_statement)
        event.listen(connection, "after_cursor_execute", self._after_statement)

    def _begun(self, connection: Connection) -> None:
        self.transaction += 1
        if self._watch is not None:
            self._watch.begin()

    def _before_statement(self, connection: Connection, cursor: Any, text: str, *_: Any) -> None:
        if self._line() is None:
            return
        raw = cast("psycopg.Connection", connection.connection.driver_connection)
        if self._watch is None:
            self._watch = SessionWatch(raw, self.known)
        self._before = self._watch.files()

    def _after_statement(self, connection: Connection, cursor: Any, text: str, *_: Any) -> None:
        line = self._line()
        if line is None or self._watch is None:
            return
        raw = cast("psycopg.Connection", connection.connection.driver_connection)
        is_autocommit = raw.autocommit
        if is_autocommit:
            self.transaction += 1
            self._watch.begin()
        after = self._watch.files()
        changed = [
            one for oid, one in after.items()
            if oid in self._before and self._before[oid].file != one.file and oid in self.known
        ]  # fmt: skip
        scanned = [one.name for oid, one in after.items()
                   if oid in self._before and one.scans > self._before[oid].scans and "table" in one.kind]  # fmt: skip
        built = [one.name for oid, one in after.items() if one.kind == "index" and oid not in self._before]
        self.statements.append(
            ObservedStatement(
                text=text,
                actions=read_actions(text),
                place=CodeLine(str(self.path), line, "upgrade"),
                operation="",
                transaction=self.transaction,
                is_autocommit=is_autocommit,
                locks=self._watch.new_locks(),
                rewritten=tuple(one.name for one in changed if one.kind in ("table", "materialized view")),
                built=(*(one.name for one in changed if one.kind == "index"), *built),
                scanned=tuple(scanned),
            )
        )

    def _line(self) -> int | None:
        """Return the line of the revision that is running; None: Alembic itself sends the statement."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == str(self.path):
                return int(frame.f_lineno)
            frame = frame.f_back
        return None


def _run(dsn: str, directory: AlembicDirectory, target: str, recorder: Recorder) -> str:
    """Run one revision; return why it failed, "" where it did not."""

    def steps(current: Any, _: Any) -> Any:
        return directory.script._upgrade_revs(target, current)

    environment = EnvironmentContext(directory.config, directory.script, fn=steps, destination_rev=target)
    try:
        with _connected(dsn) as connection, directory.importing(), environment:
            recorder.attach(connection)
            environment.configure(connection=connection, transaction_per_migration=True)
            with environment.begin_transaction():
                environment.run_migrations()
    except Exception as error:  # noqa: BLE001 the app's revisions may raise anything
        return str(getattr(error, "orig", None) or error).strip()
    return ""


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    opened: Callable[[], psycopg.Connection] = lambda: psycopg.connect(dsn)  # noqa: E731
    engine = create_engine("postgresql+psycopg://", creator=opened, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
