"""Values that rows of the copy have, those of one row together: what an app asks for in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.proof.session import CopySession

# Rows tried one after the other, and those among which they are found.
_MOST_ROWS, _SAMPLED_ROWS = 24, 5_000


@dataclass(frozen=True)
class Sample:
    """Some rows of one table, with the values of some expressions in text form."""

    table: QualifiedName
    rows: tuple[Mapping[str, str], ...]
    """By the expression's text; without those that are NULL."""

    def of(self, text: str) -> tuple[str, ...]:
        """Return the different values of an expression."""
        return tuple(dict.fromkeys(row[text] for row in self.rows if text in row))


def sample(table: QualifiedName, texts: Sequence[str], session: CopySession, snapshot: Snapshot) -> Sample:
    """Read some rows of a table: the same ones each time, and one with many equals as likely as it is common."""
    rows = snapshot.table_by_name[table].rows
    method: sql.Composable = sql.SQL("")
    if rows > _SAMPLED_ROWS and snapshot.table_by_name[table].kind != "foreign table":
        share = min(100.0, 100.0 * _SAMPLED_ROWS / rows)
        method = sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(share))
    # The texts are parts of a statement of the workload, written anew from what the parser read.
    values = sql.SQL(", ").join(sql.SQL("({})::text").format(sql.SQL(text)) for text in texts)
    query = sql.SQL("SELECT {} FROM {}{} ORDER BY pg_catalog.md5(ctid::text) LIMIT {}").format(
        values, sql.Identifier(table.schema, table.name), method, sql.Literal(_MOST_ROWS)
    )
    try:
        found = session.rows(query)
    except psycopg.Error:  # a function in an expression that fails for some row
        found = []
    named = (dict(zip(texts, row, strict=True)) for row in found)
    return Sample(table, tuple({text: value for text, value in row.items() if value is not None} for row in named))
