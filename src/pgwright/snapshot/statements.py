"""The workload: `pg_stat_statements`, without what reads the catalogs only."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.model.names import quote
from pgwright.model.snapshot import NotExamined, Server, Statement
from pgwright.snapshot.tables import PACKAGE, extension_schema
from pgwright.sqltext import has_plan

# pg_stat_statements.max is 5,000 by default: this takes all of them, and bounds a server that keeps more.
MOST_STATEMENTS = 5_000
_EXTENSION = "pg_stat_statements"


def read_statements(database: ReadOnlyDatabase, server: Server, missing: list[NotExamined]) -> tuple[Statement, ...]:
    """Return the statements of this database, the most expensive first; what hinders goes to `missing`."""
    if _EXTENSION not in server.extensions:
        missing.append(
            NotExamined(
                "the workload",
                f"{_EXTENSION} is not installed in this database",
                f"add it to shared_preload_libraries, restart, then CREATE EXTENSION {_EXTENSION}",
            )
        )
        return ()
    relation = f"{extension_schema(database, _EXTENSION)}.{_EXTENSION}"
    rows = database.read(PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=relation)
    hidden = sum(row["text"] == "<insufficient privilege>" for row in rows)
    if hidden:
        missing.append(
            NotExamined(
                f"{hidden} of {len(rows)} statements",
                "their text is hidden: they ran as other roles",
                f"GRANT pg_read_all_stats TO {quote(server.role)}",
            )
        )
    return tuple(
        Statement(**{**row, "role": row["role"] or "", "rows": row["rows"]})
        for row in rows
        # What has no plan says nothing about speed, and keeps its constants: ALTER ROLE … PASSWORD among them.
        if row["text"] is not None and has_plan(row["text"])
    )
