"""Small jobs on tables of known size, timed and rolled back."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from pgwright.model.table import PAGE_BYTES

# What is over soon is disturbed most by what else goes on, and can be run again.
_SHORT_SECONDS, _MOST_AGAIN = 0.1, 5
_SIZES = """
SELECT greatest(reltuples, 0), pg_relation_size(oid), coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)
FROM pg_class WHERE oid = %s::regclass
"""


@dataclass(frozen=True)
class Sizes:
    """Of a table or an index."""

    rows: float
    pages: float
    large_pages: float
    """Of the values kept apart."""


class _UndoneError(Exception):
    """Ends a transaction that is to leave nothing."""


class Jobs:
    """Times statements in one session."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Take a session with autocommit."""
        self._connection = connection
        self._sizes: dict[str, Sizes] = {}
        self._seconds: dict[tuple[str, int], float] = {}
        self._workers = 0

    def allow_workers(self, count: int) -> None:
        self._connection.execute("SELECT set_config('max_parallel_maintenance_workers', %s, false)", (str(count),))
        self._workers = count

    def seconds(self, statement: str, *, first: str = "") -> float:
        """Run a statement once more, a short one several times, and return the least seconds of its runs so far.

        Each is rolled back.
        Others' work on the machine only adds, and comes and goes: the least of runs that lie apart is without it.

        Args:
            first: what is done before, outside of its transaction and of its time.
        """
        took = self._least(statement, self._run(statement, first)[0])
        for _ in range(min(_MOST_AGAIN, int(_SHORT_SECONDS / max(took, 1e-4))) if not first else 0):
            took = self._least(statement, self._run(statement, first)[0])
        return took

    def build(self, statement: str) -> tuple[float, float]:
        """Likewise with a statement that makes the index `ix`; return the pages of that too."""
        took, pages = self._run(statement, "", made="ix")
        return self._least(statement, took), pages

    def committed(self, statement: str) -> float:
        """Likewise with its commit, which stays."""
        started = time.perf_counter()
        self._connection.execute(statement.encode())
        return self._least(statement, time.perf_counter() - started)

    def _least(self, statement: str, took: float) -> float:
        settled = (statement, self._workers)
        self._seconds[settled] = min(took, self._seconds.get(settled, took))
        return self._seconds[settled]

    def sizes(self, table: str) -> Sizes:
        if table not in self._sizes:
            self._sizes[table] = self._read_sizes(table)
        return self._sizes[table]

    def _read_sizes(self, relation: str) -> Sizes:
        row = self._connection.execute(_SIZES, (relation,)).fetchone()
        rows, size, large = row if row is not None else (0, 0, 0)
        return Sizes(float(rows), size / PAGE_BYTES, large / PAGE_BYTES)

    def _run(self, statement: str, first: str, made: str = "") -> tuple[float, float]:
        for one in filter(None, first.split(";")):
            self._connection.execute(one.encode())
        took = pages = 0.0
        with suppress(_UndoneError), self._connection.transaction():
            started = time.perf_counter()
            self._connection.execute(statement.encode())
            took = time.perf_counter() - started
            pages = self._read_sizes(made).pages if made else 0.0
            raise _UndoneError
        return took, pages
