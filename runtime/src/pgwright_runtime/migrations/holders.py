"""Who holds what a revision needs, or waits for us: named, with the age of the transaction and the query, shortened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.migrations.looking import Mode, SqlLook, conflicting

_PACKAGE = "pgwright_runtime.migrations"
_HOLDERS = text(read_sql(_PACKAGE, "holders"))
_BLOCKERS = text(read_sql(_PACKAGE, "blockers"))
_RELATION = text("""
    SELECT COALESCE(i.indrelid, c.oid)::regclass::text FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE c.oid = pg_catalog.to_regclass(:name)
""")
_QUERY_LENGTH = 80
_WRAPAROUND = "to prevent wraparound"
_VACUUM = "autovacuum worker"


class OldHolders:
    """Finds the sessions for which queueing would be in vain: transactions that are old, dumps, autovacuum."""

    def __init__(self, old_s: float) -> None:
        self._old_s = old_s
        # Of sessions whose age the role may not see: the transactions that were seen at the last look.
        self._seen: set[tuple[int | None, str]] = set()

    def of(self, connection: Connection, needs: tuple[tuple[str, Mode], ...], ours: int) -> list[str]:
        """Return who holds one of the tables so that the mode conflicts, in words, oldest first."""
        seen, told = set(), []
        for row in self._rows(connection, needs, ours):
            transaction = (row.pid, str(row.transaction))
            seen.add(transaction)
            is_old = row.age_s > self._old_s if row.age_s is not None else transaction in self._seen
            if row.backend_type == _VACUUM or is_old or row.pid is None:
                told.append(f"{row.table_name} is held by {in_words(row)}")
        self._seen = seen
        return told

    def vacuums(self, connection: Connection, needs: tuple[tuple[str, Mode], ...], ours: int) -> list[int]:
        """Return the workers of autovacuum that the server itself would send away for us after `deadlock_timeout`."""
        return [
            row.pid
            for row in self._rows(connection, needs, ours)
            if row.backend_type == _VACUUM and row.query and _WRAPAROUND not in row.query
        ]

    def _rows(self, connection: Connection, needs: tuple[tuple[str, Mode], ...], ours: int) -> Iterator[Any]:
        for name, mode in needs:
            relation = connection.execute(_RELATION, {"name": name}).scalar()
            if relation is not None:
                given = {"relation": relation, "modes": json.dumps(conflicting(mode)), "ours": ours}
                yield from connection.execute(_HOLDERS, given)


def blockers(connection: Connection, pid: int) -> str:
    """Return who keeps a session waiting, in words; "" when nobody does any more."""
    return "; ".join(in_words(row) for row in connection.execute(_BLOCKERS, {"pid": pid}))


def in_words(row: Any) -> str:
    r"""Return who a session is, visible and on one line."""
    if not row.pid:
        return "a prepared transaction (see pg_prepared_xacts)"
    name = row.application_name or row.backend_type or "a session"
    parts = [one for one in (row.usename and f"of {row.usename}", row.state) if one]
    if row.age_s is not None:
        parts.append(f"for {row.age_s:,.0f} s")
    said = f"process {row.pid}, {visible(str(name))} ({', '.join(visible(str(one)) for one in parts)})"
    return f"{said}: {shortened(row.query)}" if row.query else said


def shortened(statement: str) -> str:
    r"""Return a statement on one line, shortened, with what steers a terminal spelled out.

    >>> shortened("SELECT  1\n FROM t")
    'SELECT 1 FROM t'
    """
    line = visible(" ".join(statement.split()))
    return line if len(line) <= _QUERY_LENGTH else f"{line[:_QUERY_LENGTH]} …"


_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Return a text with hidden characters spelled out."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def needs_of(look: SqlLook) -> tuple[tuple[str, Mode], ...]:
    """Return what is worth waiting for: row locks are waited for by the row, not by the table."""
    return tuple(need for need in look.needs if need[1] != "RowExclusiveLock")
