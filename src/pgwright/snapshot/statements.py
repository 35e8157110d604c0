"""The workload: `pg_stat_statements`, without what reads the catalogs only."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Server
from pgwright.model.statement import Statement
from pgwright.snapshot.tables import PACKAGE, extension_schema
from pgwright.sqltext import has_plan, inner_query, outline

# pg_stat_statements.max is 5,000 by default: this takes all of them, and bounds a server that keeps more.
MOST_STATEMENTS = 5_000
_EXTENSION = "pg_stat_statements"
_HIDDEN = "<insufficient privilege>"


def read_statements(database: ReadOnlyDatabase, server: Server, missing: list[NotExamined]) -> tuple[Statement, ...]:
    """Return the statements of this database, the most expensive first; what hinders goes to `missing`."""
    if _EXTENSION not in server.extensions:
        missing.append(
            NotExamined(
                "the workload",
                f"{_EXTENSION} is not installed in this database",
                f"add it to shared_preload_libraries, restart, then CREATE EXTENSION {_EXTENSION}",
                ("statements",),
            )
        )
        return ()
    relation = f"{extension_schema(database, _EXTENSION)}.{_EXTENSION}"
    rows = database.read(PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=relation)
    hidden = sum(row["text"] == _HIDDEN for row in rows)
    if hidden:
        missing.append(
            NotExamined(
                f"{hidden} of {len(rows)} statements",
                "their text is hidden: they ran as other roles",
                f"GRANT pg_read_all_stats TO {quote(server.role)}",
            )
        )
    return tuple(
        Statement(**{**row, "role": row["role"] or "", "rows": row["rows"], "text": _kept(row["text"] or "", server)})
        for row in rows
    )


def _kept(text: str, server: Server) -> str:
    """Return the text without constants: a utility statement keeps them, ALTER ROLE … PASSWORD among them.

    PostgreSQL takes them out of the queries inside utility statements from version 16 on.
    """
    is_kept = has_plan(text) or text == _HIDDEN or (server.major >= 16 and inner_query(text) is not None)
    return text if is_kept else outline(text)
