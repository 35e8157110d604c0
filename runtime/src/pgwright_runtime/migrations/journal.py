"""The journal: what of a revision is committed, so that a run that was killed goes on where it was.

A revision without an autocommit block is one transaction, and one row of the journal is written in it: it is there or
not, as the revision itself; what a revision commits itself has none, and is run again. An autocommit block commits what
came before it, and each of its statements: the rows of those are committed with them, or, of what runs outside of a
transaction only, before it and after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._sql import quote, read_sql

NAME = "pgwright_migration"
_KEPT_LETTERS = 2000
_INSUFFICIENT_PRIVILEGE = "42501"
_INSERT = """
    INSERT INTO :table (version_table, revision, is_upgrade, run, ordinal, hash, statement, state, started, finished,
        seconds, waited, tries, locks, note)
    VALUES (:version_table, :revision, :is_upgrade, :run, :ordinal, :hash, :statement, :state,
        pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => CAST(:seconds AS double precision)),
        CASE WHEN :state = 'done' THEN pg_catalog.clock_timestamp() END,
        CAST(:seconds AS double precision), CAST(:waited AS double precision), CAST(:tries AS integer),
        CAST(:locks AS jsonb), CAST(:note AS jsonb))
    ON CONFLICT (version_table, revision, is_upgrade, run, ordinal) DO UPDATE SET state = excluded.state,
        hash = excluded.hash, finished = excluded.finished, seconds = excluded.seconds, waited = excluded.waited,
        tries = excluded.tries, locks = excluded.locks, note = excluded.note
"""
_OPEN = """
    SELECT j.run, j.ordinal, j.hash, j.statement, j.state, j.note FROM :table j
    WHERE j.version_table = :version_table AND j.revision = :revision AND j.is_upgrade = :is_upgrade
      AND j.run = (SELECT max(k.run) FROM :table k WHERE k.version_table = :version_table
        AND k.revision = :revision AND k.is_upgrade = :is_upgrade)
    ORDER BY j.ordinal
"""
_FORGET = """
    DELETE FROM :table WHERE version_table = :version_table AND revision = :revision AND is_upgrade = :is_upgrade
      AND run = :run AND ordinal = :ordinal
"""
_ABANDON = """
    UPDATE :table SET state = 'abandoned' WHERE version_table = :version_table AND ordinal = 0 AND state = 'running'
      AND is_upgrade = (revision IN (SELECT pg_catalog.json_array_elements_text(CAST(:applied AS pg_catalog.json))))
"""
_UNANALYZED = """
    SELECT DISTINCT t.name FROM :table j
    CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(j.note -> 'analyze') AS t (name)
    WHERE j.version_table = :version_table AND j.note -> 'analyze' IS NOT NULL
      AND pg_catalog.to_regclass(t.name) IS NOT NULL
"""
_ANALYZED = """
    UPDATE :table SET note = note - 'analyze' WHERE version_table = :version_table AND note -> 'analyze' IS NOT NULL
"""
_RUNNING = """
    SELECT DISTINCT a.pid, j.statement FROM :table j
    JOIN pg_catalog.pg_stat_activity a ON a.pid = CAST(j.note ->> 'pid' AS integer)
      AND a.backend_start = CAST(j.note ->> 'backend_start' AS timestamptz)
    WHERE j.version_table = :version_table AND j.state = 'running' AND a.pid <> pg_catalog.pg_backend_pid()
"""


@dataclass(frozen=True)
class JournalLine:
    """A statement of a revision, as the journal has it."""

    ordinal: int
    """From 1 on; 0: the revision as a whole."""
    statement: str
    state: str = "done"
    seconds: float = 0.0
    waited_s: float = 0.0
    tries: int = 1
    locks: Mapping[str, str] | None = None
    note: Mapping[str, Any] | None = None
    """What the next run needs: of a statement that writes rows, `rowcount`."""
    hash: str = ""


@dataclass(frozen=True)
class RevisionKey:
    """Which run of which revision."""

    revision: str
    is_upgrade: bool
    run: int = 1


class MigrationJournal:
    """The table, in the schema of `alembic_version`."""

    def __init__(self, schema: str, version_table: str) -> None:
        self.table = f"{quote(schema)}.{quote(NAME)}"
        self._version_table = version_table

    def create(self, connection: Connection) -> str:
        """Make the table unless it is there; return why it cannot be, "" when it is."""
        try:
            if connection.execute(text("SELECT pg_catalog.to_regclass(:t)"), {"t": self.table}).scalar() is None:
                self._execute(connection, read_sql("pgwright_runtime.migrations", "journal"), {})
            self._execute(connection, "UPDATE :table SET state = state WHERE false", {})
        except DBAPIError as error:
            if code_of(error) != _INSUFFICIENT_PRIVILEGE:
                raise
            return f"the role may not make or write {self.table}"
        return ""

    def open(self, connection: Connection, revision: str, is_upgrade: bool) -> tuple[RevisionKey, list[JournalLine]]:
        """Return the run to go on with, and what it did; or a new one."""
        key = {"revision": revision, "is_upgrade": is_upgrade}
        rows = self._execute(connection, _OPEN, key).all()
        whole = next((row for row in rows if row.ordinal == 0), None)
        if whole is None or whole.state != "running":
            return RevisionKey(revision, is_upgrade, rows[0].run + 1 if rows else 1), []
        lines = [
            JournalLine(row.ordinal, row.statement, row.state, note=_loaded(row.note), hash=row.hash)
            for row in rows
            if row.ordinal
        ]
        return RevisionKey(revision, is_upgrade, whole.run), lines

    def write(self, connection: Connection, key: RevisionKey, lines: Sequence[JournalLine]) -> None:
        """Write rows, over those of the same ordinal."""
        for line in lines:
            given = {
                **self._given(key),
                "ordinal": line.ordinal,
                "hash": line.hash or hash_of(line.statement),
                "statement": line.statement.strip().replace("\0", "")[:_KEPT_LETTERS],
                "state": line.state,
                "seconds": line.seconds,
                "waited": line.waited_s,
                "tries": line.tries,
                "locks": json.dumps(dict(line.locks or {})),
                "note": json.dumps(dict(line.note or {})),
            }
            self._execute(connection, _INSERT, given)

    def forget(self, connection: Connection, key: RevisionKey, ordinal: int) -> None:
        """Take a row back: what it says was undone."""
        self._execute(connection, _FORGET, {**self._given(key), "ordinal": ordinal})

    def abandon(self, connection: Connection, applied: set[str]) -> None:
        """Close the runs of revisions that others brought to their end, as `alembic stamp` does."""
        self._execute(connection, _ABANDON, {"applied": json.dumps(sorted(applied))})

    def unanalyzed(self, connection: Connection) -> list[str]:
        """Return the tables that a committed revision left to ANALYZE, quoted where they need it."""
        return [row.name for row in self._execute(connection, _UNANALYZED, {})]

    def analyzed(self, connection: Connection) -> None:
        """Note that none is left."""
        self._execute(connection, _ANALYZED, {})

    def still_running(self, connection: Connection) -> list[tuple[int, str]]:
        """Return the sessions of a run that was killed whose statement still runs, with it."""
        return [(row.pid, row.statement) for row in self._execute(connection, _RUNNING, {})]

    def _given(self, key: RevisionKey) -> dict[str, Any]:
        return {"revision": key.revision, "is_upgrade": key.is_upgrade, "run": key.run}

    def _execute(self, connection: Connection, statement: str, given: Mapping[str, Any]) -> Any:
        used = {**given, "version_table": self._version_table} if ":version_table" in statement else dict(given)
        return connection.execute(text(statement.replace(":table", self.table.replace(":", r"\:"))), used)


def hash_of(statement: str, values: object = ()) -> str:
    """Return what tells one statement of a revision from another: its text, a dot, its values, which that hides."""
    parts = (" ".join(statement.split()), repr(values) if values else "")
    return ".".join(blake2b(part.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest() for part in parts)


def code_of(error: BaseException) -> str:
    """Return the server's five-letter code of a driver's error, or of SQLAlchemy's; "" where there is none."""
    found = error.orig if isinstance(error, DBAPIError) else error
    return next((str(code) for name in ("sqlstate", "pgcode") if (code := getattr(found, name, None))), "")


def _loaded(note: Any) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(note) if isinstance(note, str) else note or {}
    return loaded
