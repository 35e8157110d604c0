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
    rows: int

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name.schema, self.name.name)


def complete(
    source: psycopg.Connection, copy: psycopg.Connection, complaints: Sequence[str]
) -> tuple[tuple[LostRows, ...], tuple[str, ...]]:
    """Compare the rows of each table with the source's, and copy those again that are not there.

    Args:
        source: in the transaction whose moment was copied.
        copy: as the owner, before constraints and triggers are there.
        complaints: what pg_restore said.
    Returns: What is lost for all that, and the complaints that still hold.
    """
    path = _search_path(source)
    short = [table for table in _counted(source) if _rows(copy, table) != table.rows]
    said: dict[QualifiedName, str] = {}
    copy.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
    for _ in range(_PASSES):
        for table in (one for one in short if said.get(one.name, "not yet")):
            said[table.name] = _copied_again(source, copy, table)
    lost = tuple(
        LostRows(table.name, table.rows, here or 0, said[table.name] or "rows are missing")
        for table in short
        if (here := _rows(copy, table)) != table.rows
    )
    seen = tuple(f'COPY failed for table "{name.name}"' for name in said)
    return lost, tuple(one for one in complaints if not one.startswith(seen))


def _counted(source: psycopg.Connection) -> Iterator[_Table]:
    for schema, name, columns in source.execute(read_sql("pgwright.proof", "tables_with_rows").encode()).fetchall():
        table = _Table(QualifiedName(schema, name), tuple(columns), 0)
        rows = _rows(source, table)
        if rows is not None:
            yield _Table(table.name, table.columns, rows)


def _rows(connection: psycopg.Connection, table: _Table) -> int | None:
    """Return how many rows a table has; None where there is no such table, or it is locked."""
    try:
        with connection.transaction():
            found = connection.execute(sql.SQL("SELECT count(*) FROM ONLY {}").format(table.identifier)).fetchone()
    except psycopg.DatabaseError:
        return None
    return int(found[0]) if found else None


def _copied_again(source: psycopg.Connection, copy: psycopg.Connection, table: _Table) -> str:
    """Copy the rows of a table; return what the server said against it."""
    if _rows(copy, table):
        return "rows are missing"
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    parts = {"table": table.identifier, "columns": sql.SQL("({})").format(columns) if table.columns else sql.SQL("")}
    try:
        with (
            copy.transaction(),
            source.transaction(),  # what fails must not end the moment that is copied
            source.cursor().copy(sql.SQL("COPY {table} {columns} TO STDOUT").format(**parts)) as reading,
            copy.cursor().copy(sql.SQL("COPY {table} {columns} FROM STDIN").format(**parts)) as writing,
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
