"""A session on one copy, in which statements of the workload are run; whatever they change is rolled back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pgwright.logs import Ways, ways_of
from pgwright.model.proof import Effort
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import one_with_a_plan
from pgwright.twin.logical import PLAIN

TIMEOUT_MS = 20_000
_TEXT_CAST = re.compile(r"(\$\d+)::\s*(?:character varying|varchar|text|bpchar)(?:\(\d+\))?(\[\])?", re.IGNORECASE)
_MISTYPED = (psycopg.errors.UndefinedFunction, psycopg.errors.DatatypeMismatch)
_MEANING = ("TimeZone", "DateStyle", "IntervalStyle")
# The same plan on two copies with other indexes, and the rows of a table in the order of its pages.
_ONE_PLAN = {
    **PLAIN, "synchronize_seqscans": "off", "enable_seqscan": "on", "enable_sort": "on", "enable_hashagg": "on",
    "enable_hashjoin": "on",
}  # fmt: skip

_BLOCKS_SO_FAR = """
SELECT blks_hit + blks_read FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()
"""
_FLUSHES_SINCE = 150_000

Values = Sequence[str | None]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class PreparedCall:
    """A statement prepared on one copy."""

    name: str
    types: tuple[str, ...]
    """Of its parameters."""


@dataclass(frozen=True)
class CallResult:
    columns: tuple[str, ...]
    rows: list[Row]
    """Of a write without RETURNING: one row, the number of rows written."""


class CopySession:
    """A connection to one copy; statements are prepared, planned anew for each set of values, and rolled back."""

    def __init__(self, connection: psycopg.Connection[Any], snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._count = 0
        self._writing: set[str] = set()
        """The names of calls that cannot be run read-only."""

    @classmethod
    @contextmanager
    def open(cls, dsn: str, snapshot: Snapshot) -> Iterator[CopySession]:
        with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
            session = cls(connection, snapshot)
            session.limit(TIMEOUT_MS)
            session._set("client_min_messages", "error")
            session._set("plan_cache_mode", "force_custom_plan")
            for name in _MEANING:
                if (found := snapshot.setting_by_name.get(name)) is not None:
                    with suppress(psycopg.Error):  # a time zone that this server does not know
                        session._set(name, found.raw)
            yield session

    def limit(self, milliseconds: int) -> None:
        """Let statements take so long from now on."""
        self._set("statement_timeout", str(milliseconds))

    @contextmanager
    def prepared(self, text: str, role: str | None, types: Sequence[str] = ()) -> Iterator[PreparedCall]:
        """Prepare a statement under the search path of a role.

        One written for text keys is tried without its casts where keys are uuid now.

        Args:
            types: of the parameters, where the text alone does not tell.
        Raises: psycopg.Error.
        """
        self._set("search_path", self._search_path(role))
        name = f"s{self._count}"
        self._count += 1
        whole = one_with_a_plan(text)
        given = f"({', '.join(types)})" if types else ""
        try:
            self._connection.execute(f"PREPARE {name}{given} AS {whole}".encode())
        except _MISTYPED:
            self._connection.execute(f"PREPARE {name}{given} AS {without_text_casts(whole)}".encode())
        row = self._connection.execute(
            "SELECT parameter_types::text[] FROM pg_catalog.pg_prepared_statements WHERE name = %s", (name,)
        ).fetchone()
        try:
            yield PreparedCall(name, tuple(row[0]) if row else ())
        finally:
            with suppress(psycopg.Error):
                self._connection.execute(f"DEALLOCATE {name}".encode())

    def run(self, call: PreparedCall, values: Values) -> CallResult:
        """Run it; return what it gives."""
        with self._rolled_back(call):
            return _result(self._connection.execute(_execution(call, values)))

    def time(self, call: PreparedCall, values: Values) -> float:
        """Run it; return how long it took until all rows were here, in milliseconds."""
        with self._rolled_back(call):
            began = time.perf_counter()
            cursor = self._connection.execute(_execution(call, values))
            if cursor.description is not None:
                cursor.fetchall()
            return (time.perf_counter() - began) * 1000

    def effort(self, call: PreparedCall, values: Values) -> Effort:
        """Run it once, or three times where it calls triggers; return the rows, and the blocks, theirs too.

        EXPLAIN counts no blocks of triggers: a DELETE that seeks referring rows seems to read next to nothing.
        """
        told = self._analyzed(call, values)
        plan = told["Plan"]
        counted = plan["Plans"][0] if plan["Node Type"] == "ModifyTable" else plan
        rows = counted["Actual Rows"] * counted["Actual Loops"]
        blocks = float(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        if any(trigger["Calls"] for trigger in told.get("Triggers", ())):
            blocks = max(blocks, self._blocks_in_all(call, values))
        return Effort(float(rows), blocks)

    def _blocks_in_all(self, call: PreparedCall, values: Values) -> float:
        """Run it twice; return the blocks by the database's counters; 0 before PostgreSQL 15, which holds them back."""
        if self._connection.info.server_version < _FLUSHES_SINCE:
            return 0.0
        self.run(call, values)  # the first time, blocks of catalogs are among them
        idle = self._blocks_so_far()
        before = self._blocks_so_far()
        self.run(call, values)
        after = self._blocks_so_far()
        return float(max(0, after - before - (before - idle)))

    def _blocks_so_far(self) -> int:
        """Return the blocks of this database until now; nobody else is connected to a copy."""
        self._connection.execute("SELECT pg_catalog.pg_stat_force_next_flush()")
        row = self._connection.execute(_BLOCKS_SO_FAR).fetchone()
        return int(row[0]) if row else 0

    def spilled_blocks(self, call: PreparedCall, values: Values) -> int:
        """Run it once; return the blocks that it wrote to temporary files."""
        return int(self._analyzed(call, values)["Plan"]["Temp Written Blocks"])

    def plan(self, call: PreparedCall, values: Values) -> Any:
        """Return what `EXPLAIN (FORMAT JSON)` says, a list of one object; nothing runs."""
        with self._rolled_back(call):
            row = self._connection.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + _execution(call, values)).fetchone()
        return row[0] if row else None

    def _analyzed(self, call: PreparedCall, values: Values) -> Any:
        explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ") + _execution(call, values)
        try:
            with self._rolled_back(call):
                row = self._connection.execute(explain).fetchone()
        except psycopg.errors.ReadOnlySqlTransaction:  # FOR UPDATE, or a function that writes
            self._writing.add(call.name)
            with self._rolled_back(call):
                row = self._connection.execute(explain).fetchone()
        return row[0][0] if row else {}

    def ways(self, call: PreparedCall, values: Values) -> Ways:
        """Return how the plan for these values reads its tables and joins them."""
        row = self.rows(sql.SQL("EXPLAIN (FORMAT JSON) ") + _execution(call, values))[0]
        return ways_of(row[0][0]["Plan"])

    def rows(self, query: sql.Composed | bytes, parameters: Sequence[object] | None = None) -> list[Row]:
        """Run a query of ours; return its rows."""
        with self._rolled_back():
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def in_one_plan(self) -> Iterator[None]:
        """Plan without indexes and by hash joins meanwhile, so that two copies give rows in the same order."""
        try:
            for name, value in _ONE_PLAN.items():
                self._set(name, value)
            yield
        finally:
            for name in _ONE_PLAN:
                self._connection.execute(sql.SQL("RESET {}").format(sql.Identifier(name)))

    @contextmanager
    def _rolled_back(self, call: PreparedCall | None = None) -> Iterator[None]:
        writes = call is not None and call.name in self._writing
        self._connection.execute("BEGIN" if writes else "BEGIN READ ONLY")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _set(self, name: str, value: str) -> None:
        self._connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))

    def _search_path(self, role: str | None) -> str:
        """Return where names without a schema are looked for: by a role, or by the one that read the snapshot."""
        if role is None:
            found = self._snapshot.setting_by_name.get("search_path")
            path, role = found.raw if found is not None else "", self._snapshot.server.role
        else:
            path = self._snapshot.setting_of(role, "search_path") or ""
        own = sql.Identifier(role).as_string(self._connection)
        return (path or '"$user", public').replace('"$user"', "$user").replace("$user", own)


def without_text_casts(text: str) -> str:
    """Return a statement whose parameters take their type from what they are compared with.

    >>> without_text_casts("SELECT 1 FROM t WHERE id = $1::VARCHAR AND k = ANY ($2::text[])")
    'SELECT 1 FROM t WHERE id = $1 AND k = ANY ($2)'
    """
    return _TEXT_CAST.sub(r"\1", text)


def _execution(call: PreparedCall, values: Values) -> sql.Composed:
    if not call.types:
        return sql.SQL("EXECUTE {}").format(sql.Identifier(call.name))
    given = [*values[: len(call.types)], *[None] * (len(call.types) - len(values))]
    return sql.SQL("EXECUTE {}({})").format(sql.Identifier(call.name), sql.SQL(", ").join(map(sql.Literal, given)))


def _result(cursor: psycopg.Cursor[Any]) -> CallResult:
    if cursor.description is None:
        return CallResult(("rows written",), [(cursor.rowcount,)])
    return CallResult(tuple(column.name for column in cursor.description), cursor.fetchall())
