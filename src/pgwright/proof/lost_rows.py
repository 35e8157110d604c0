"""Whether a copy holds every row of its source; those that pg_restore lost are copied again, table by table.

pg_restore works with an empty search path. A generated column or a CHECK whose function names another one without its
schema fails there, and the whole table stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgwright.model.names import QualifiedName, quote
from pgwright.model.proof import LostRows
from pgwright.sql_files import read_sql

# The checks of a table may ask for the rows of another one that was lost too.
_PASSES = 2
_NO_TABLE = "the server of the copies could not make the table"
# A table is meant, whatever stands in its place by now. The setting came with the minor releases of August 2024.
_REFUSE_VIEWS = b"""
SELECT set_config(s.name, 'view, foreign-table', true)
FROM pg_settings s WHERE s.name = 'restrict_nonsystem_relation_kind'
"""
_SOURCE_SETTINGS = (
    # What a query of ours means is the catalog's, whatever a schema of the source holds.
    b"SET LOCAL search_path = pg_catalog, pg_temp",
    _REFUSE_VIEWS,
    b"SET LOCAL row_security = off",
    b"SET LOCAL statement_timeout = 0",
    b"SET LOCAL lock_timeout = '5s'",
)


@dataclass(frozen=True)
class _Table:
    name: QualifiedName
    columns: tuple[str, ...]

    @property
    def reading(self) -> sql.Composed:
        """Of the whole table. It is not planned: the planner would call functions that an index's predicate names."""
        return self._copy("COPY {} {} TO STDOUT")

    @property
    def writing(self) -> sql.Composed:
        return self._copy("COPY {} {} FROM STDIN")

    def _copy(self, statement: str) -> sql.Composed:
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        listed = sql.SQL("({})").format(columns) if self.columns else sql.SQL("")
        return sql.SQL(statement).format(sql.Identifier(self.name.schema, self.name.name), listed)


def complete(
    source: psycopg.Connection, copy: psycopg.Connection, complaints: Sequence[str]
) -> tuple[tuple[LostRows, ...], tuple[str, ...]]:
    """Copy those tables again that are empty in the copy: a COPY brings every row or none.

    Args:
        source: in the transaction whose moment was copied.
        copy: as the owner, before constraints and triggers are there.
        complaints: what pg_restore said.
    Returns: What is lost for all that, and the complaints that still hold.
    """
    path = _search_path(source)
    empty = [table for table in _tables(source) if not _has_rows(copy, table)]
    said: dict[_Table, str] = {}
    copy.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
    for _ in range(_PASSES):
        for table in (one for one in empty if said.get(one, "not yet")):
            said[table] = _copied_again(source, copy, table)
    lost = ((table, _counted(source, table), reason) for table, reason in said.items() if reason)
    seen = tuple(f'COPY failed for table "{table.name.name}"' for table in said)
    return (
        tuple(LostRows(table.name, rows, 0, reason) for table, rows, reason in lost if rows),
        tuple(one for one in complaints if not one.startswith(seen)),
    )


def _tables(source: psycopg.Connection) -> Iterator[_Table]:
    for schema, name, columns in source.execute(read_sql("pgwright.proof", "tables_with_rows").encode()).fetchall():
        yield _Table(QualifiedName(schema, name), tuple(columns))


def _has_rows(copy: psycopg.Connection, table: _Table) -> bool:
    name = sql.Identifier(table.name.schema, table.name.name)
    try:
        return copy.execute(sql.SQL("SELECT FROM ONLY {} LIMIT 1").format(name)).rowcount > 0
    except psycopg.DatabaseError:  # there is no such table
        return False


def _counted(source: psycopg.Connection, table: _Table) -> int:
    """Return how many rows a table of the source has; none where it cannot be read."""
    try:
        with source.transaction(), source.cursor().copy(table.reading) as reading:
            return sum(1 for _ in reading)  # a message holds one row
    except psycopg.DatabaseError:
        return 0


def _copied_again(source: psycopg.Connection, copy: psycopg.Connection, table: _Table) -> str:
    """Copy the rows of a table; return what the server said against it."""
    try:
        with (
            copy.transaction(),
            source.transaction(),  # what fails must not end the moment that is copied
            source.cursor().copy(table.reading) as reading,
            copy.cursor().copy(table.writing) as writing,
        ):
            for data in reading:
                writing.write(data)
    except psycopg.errors.UndefinedTable:
        return _NO_TABLE
    except psycopg.Error as error:
        return error.diag.message_primary or type(error).__name__
    return ""


def _search_path(source: psycopg.Connection) -> str:
    """Return where the source's own sessions look for names, and then every other schema."""
    found = source.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
    for setting in _SOURCE_SETTINGS:
        source.execute(setting)
    schemas = source.execute(
        "SELECT nspname::text FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' ORDER BY 1"
    ).fetchall()
    own = [str(found[0])] if found and found[0] else []
    return ", ".join([*own, *(quote(name) for (name,) in schemas)])
