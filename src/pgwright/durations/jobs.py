"""Small jobs on tables of known size, timed and rolled back."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from pgwright.model.table import PAGE_BYTES

_REPEATS = 3
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

    def set(self, name: str, value: str) -> None:
        self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    def seconds(self, statement: str, *, first: str = "") -> float:
        """Return the median of some runs, each rolled back.

        Args:
            first: what is done before each, outside of its transaction and of its time.
        """
        return statistics.median(self._run(statement, first)[0] for _ in range(_REPEATS))

    def build(self, statement: str) -> tuple[float, float]:
        """Return the median seconds of a statement that makes the index `ix`, and the pages of that."""
        runs = [self._run(statement, "", made="ix") for _ in range(_REPEATS)]
        return statistics.median(took for took, _ in runs), runs[0][1]

    def committed(self, statement: str) -> float:
        """Return the median seconds of some runs, each with its commit."""
        return statistics.median(self._commit(statement) for _ in range(_REPEATS))

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

    def _commit(self, statement: str) -> float:
        started = time.perf_counter()
        self._connection.execute(statement.encode())
        return time.perf_counter() - started
