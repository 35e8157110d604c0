"""When a statement is tried again, what is waited for, and what is said when the patience is over."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime.migrations.errors import StillQueued, TableHeld, TableInTheWay
from pgwright_runtime.migrations.holders import OldHolders, needs_of, shortened
from pgwright_runtime.migrations.journal import code_of
from pgwright_runtime.migrations.looking import SqlLook
from pgwright_runtime.migrations.pace import MigrationPace
from pgwright_runtime.migrations.results import MigrationProgress, Tell
from pgwright_runtime.migrations.watching import MigrationWatch

PASSING = ("55P03", "40P01", "40001")
"""Lack of a lock, deadlock, serialization failure: the same statement may do a moment later."""
_CANCELED = "57014"
_CANCEL_IS_LATE_S = 2.0


class RevisionPatience:
    """Tries again and gives way, for the statements of one revision after another."""

    def __init__(self, connection: Connection, pace: MigrationPace, watch: MigrationWatch, tell: Tell) -> None:
        self.connection, self.pace, self.watch = connection, pace, watch
        self.pid, self.tries = 0, 1
        self.revision, self.statement = "", ""
        self.waited_s = 0.0
        """Spent giving way and resting, by the revision that runs."""
        self.held_s = 0.0
        """Of that, waiting for who holds its tables."""
        self.commits_itself = False
        """The revision has committed what it did so far, past Alembic: nobody knows what of it."""
        self._tell = tell
        self._is_ours = False

    @contextmanager
    def ours(self) -> Iterator[None]:
        """What is executed inside is ours, and no part of the revision."""
        before, self._is_ours = self._is_ours, True
        try:
            yield
        finally:
            self._is_ours = before

    # ---- Trying again.

    def tried(self, statement: str, run: Callable[[], Any]) -> None:
        """Run something in an autocommit block, again while it lacks a lock or somebody is in the way."""
        attempt = 1
        while True:
            self.watch.forget()
            self.tries = attempt
            try:
                run()
                return
            except TableInTheWay as error:
                self.wait_for(error, statement)
            except Exception as error:
                if attempt == self.pace.tries or not self.is_passing(error):
                    raise self.explained(error, statement) from error
                self.rest(attempt, self.why(error))
                attempt += 1

    @property
    def _next_run(self) -> str:
        if self.commits_itself:
            return "begins this revision at its start, though it has committed by itself what comes before"
        return "goes on where this ended"

    def is_passing(self, error: BaseException) -> bool:
        """True when the same may do a moment later."""
        code = code_of(error)
        if code == _CANCELED:
            return time.monotonic() - self.watch.stepped_back_at < _CANCEL_IS_LATE_S
        return code in PASSING

    def why(self, error: BaseException) -> str:
        """Return what came in between, in words."""
        if self.watch.stepped_back:
            return f"stepped back: {self.watch.stepped_back}"
        if self.watch.waits_for is not None:
            table, mode, who = self.watch.waits_for
            return f"no {mode} on {table}" + (f", held by {who}" if who else "")
        return {"55P03": "no lock", "40P01": "a deadlock"}.get(code_of(error), "a serialization failure")

    def explained(self, error: Exception, statement: str) -> Exception:
        """Return the error that says what to do, of one that trying again did not help."""
        if not self.is_passing(error):
            return error
        what = f"{self.pace.tries} tries of {self.pace.lock_timeout_ms} ms did not do for: {shortened(statement)}\n"
        what += f"The last time: {self.why(error)}.\n"
        if self.watch.stepped_back:
            return StillQueued(
                f"{what}The app waits for this longer than it may. Split the revision, so that one transaction does "
                "less under its lock, move rows outside of it (op.declare_backfill), or run it at a quiet time"
            )
        return TableHeld(f"{what}Run this again when they are through; it {self._next_run}")

    def rest(self, attempt: int, reason: str) -> None:
        """Rest before the next try, longer each time, and not as long as others who do the same."""
        pace = self.pace
        seconds = min(pace.pause_s * 2.0 ** min(attempt - 1, 20), pace.most_pause_s) * random.uniform(0.5, 1)
        self.pause(seconds, "retrying", reason)

    def pause(self, seconds: float, phase: Any, reason: str) -> None:
        self._tell(MigrationProgress(phase, self.revision, statement=shortened(self.statement), reason=reason))
        started = time.monotonic()
        self.sleep(seconds)
        self.waited_s += time.monotonic() - started

    sleep: Callable[[float], None] = staticmethod(time.sleep)

    # ---- Giving way.

    def give_way(self, look: SqlLook, statement: str) -> None:
        """Raise TableInTheWay when a transaction that is old holds what the statement needs."""
        needs = needs_of(look)
        self.statement = statement
        if not needs or look.is_lasting:
            return
        with self.ours():
            told = OldHolders(self.pace.old_s).of(self.connection, needs, self.pid)
        if told:
            raise TableInTheWay(told[0], needs)

    def wait_for(self, held: TableInTheWay, statement: str) -> None:
        """Wait, outside of any transaction, until nobody who is old holds it. Raises TableHeld: patience is over."""
        holders, who = OldHolders(self.pace.old_s), held.who
        while who:
            if self.held_s > self.pace.patience_s:
                raise TableHeld(
                    f"{shortened(statement)}\nwas not begun, for after {self.pace.patience_s:,.0f} s {who}\n"
                    "Whoever queues for that lock holds up the app. Let it end, or end it: SELECT "
                    f"pg_terminate_backend(pid); then run this again; it {self._next_run}"
                )
            seconds = min(0.25, self.pace.pause_s)
            self.pause(seconds, "waiting", who)
            self.held_s += seconds
            with self.ours():
                self._send_vacuum_away(holders, held)
                who = next(iter(holders.of(self.connection, held.needs, self.pid)), "")
                self.end_reading()

    def _send_vacuum_away(self, holders: OldHolders, held: TableInTheWay) -> None:
        """Do what the server does after `deadlock_timeout`, which we never wait for: cancel an ordinary autovacuum."""
        for pid in holders.vacuums(self.connection, held.needs, self.pid):
            try:
                self.connection.execute(
                    text("SELECT pg_catalog.pg_cancel_backend(CAST(:pid AS integer))"), {"pid": pid}
                )
            except DBAPIError:  # only a superuser, or since 18 pg_signal_autovacuum_worker
                self.end_reading()
                return

    def end_reading(self) -> None:
        """End the transaction that a look opened; inside of env.py's own, it stays."""
