"""What a snapshot tells, put into an empty database: schema, statistics, and files as long as production's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from pgwright.database import environment
from pgwright.embedded import EmbeddedServer, binaries
from pgwright.errors import TwinError
from pgwright.model.names import quote
from pgwright.model.snapshot import Index, NotExamined, Snapshot
from pgwright.planner.pages import extend, write_btree
from pgwright.planner.scope import needed_tables, prune
from pgwright.planner.sizes import key_width, tree_height

SERVER_SETTINGS: Mapping[str, str] = {
    "autovacuum": "off",
    "allow_system_table_mods": "on",
    "max_locks_per_transaction": "1024",
    "max_parallel_workers": "8",
    "shared_buffers": "64MB",
    "jit": "off",
}
_BYTEWISE = ("C", "POSIX", "C.UTF-8", "C.utf8", "")


@contextmanager
def restored(
    snapshot: Snapshot, server: EmbeddedServer, *, is_whole: bool = False
) -> Iterator[tuple[str, tuple[NotExamined, ...]]]:
    """Restore the schema of a snapshot into an empty database; drop it on the way out.

    Args:
        is_whole: restore all of a large schema, not only what the workload touches.
    Returns: The name of the database, and what was left out of it.
    """
    name = f"twin_{uuid4().hex[:10]}"
    _create_database(server, name, snapshot.server.collation)
    try:
        yield name, _restore_schema(server, name, snapshot, is_whole=is_whole)
    finally:
        server.drop_database(name)


def _create_database(server: EmbeddedServer, name: str, collation: str) -> None:
    # LIKE 'x%' can use a plain index only where strings compare byte by byte; any other locale is alike to the planner.
    if collation in _BYTEWISE:
        server.create_database(name)
        return
    with server.admin() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'und'").format(
                sql.Identifier(name)
            )
        )


def _restore_schema(
    server: EmbeddedServer, database: str, snapshot: Snapshot, *, is_whole: bool
) -> tuple[NotExamined, ...]:
    keep = None if is_whole else needed_tables(snapshot)
    schema_sql = snapshot.schema_sql if keep is None else prune(snapshot.schema_sql, keep)
    roles = "".join(
        f"DO $$ BEGIN CREATE ROLE {quote(role.name)}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
        for role in snapshot.roles
        if not role.name.startswith("pg_") and "$" not in role.name
    )
    result = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "--set=ON_ERROR_STOP=0", "--set=VERBOSITY=terse", "--file=-"],
        input=f"SET client_min_messages = error;\nSET check_function_bodies = off;\n{roles}{schema_sql}",
        capture_output=True,
        text=True,
        check=False,
        env={**environment(server.dsn(database)), "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", "PATH": os.defpath},
    )
    if result.returncode > 1:
        raise TwinError(f"the schema could not be restored: {result.stderr.strip()[:300]}")
    errors = [line.split("ERROR:", 1)[1].strip() for line in result.stderr.splitlines() if "ERROR:" in line]
    return tuple(
        NotExamined("an object of the schema", f"left out of the twin: {error}", "") for error in dict.fromkeys(errors)
    )


def restore_planner_facts(connection: psycopg.Connection, snapshot: Snapshot, data: Path) -> None:
    """Make the planner of a restored database believe in production's sizes and values.

    Args:
        connection: to the restored database, as superuser.
        data: the data directory of its server, whose files are extended.
    """
    connection.execute("SET client_min_messages = error")
    _restore_sizes(connection, snapshot)
    _restore_statistics(connection, snapshot)
    _lay_out_files(connection, snapshot, data)


def _restore_sizes(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    rows = [
        (str(table.name), table.analyzed_pages, table.row_estimate, table.all_visible_pages)
        for table in snapshot.tables
    ] + [(str(index.name), index.analyzed_pages, index.row_estimate, 0) for index in snapshot.indexes]
    names, pages, tuples, visible = ([row[column] for row in rows] for column in range(4))
    connection.execute(
        """
        UPDATE pg_class c
        SET relpages = r.pages, reltuples = r.tuples, relallvisible = r.visible,
            relispopulated = true  -- an unpopulated materialised view cannot be planned
        FROM unnest(%s::text[], %s::int4[], %s::float4[], %s::int4[]) AS r(name, pages, tuples, visible)
        WHERE c.oid = to_regclass(r.name)
        """,
        (names, pages, tuples, visible),
    )


_ATTRIBUTE_STATISTICS = """
SELECT pg_restore_attribute_stats(
    'schemaname', r.schema, 'relname', r.name, 'attname', r.column, 'inherited', r.inherited,
    'null_frac', %(null_fraction)s::float4, 'avg_width', %(average_width)s::int4, 'n_distinct', %(distinct)s::float4,
    'correlation', %(correlation)s::float4,
    'most_common_vals', %(common_values)s::text[]::text, 'most_common_freqs', %(common_frequencies)s::float4[],
    'histogram_bounds', %(histogram)s::text[]::text,
    'most_common_elems', %(common_elements)s::text[]::text,
    'most_common_elem_freqs', %(common_element_frequencies)s::float4[],
    'elem_count_histogram', %(element_count_histogram)s::float4[],
    'range_length_histogram', %(range_length_histogram)s::text,
    'range_empty_frac', %(range_empty_fraction)s::float4,
    'range_bounds_histogram', %(range_bounds_histogram)s::text)
FROM (SELECT %(schema)s::text, %(name)s::text, %(column)s::text, %(inherited)s::bool)
    AS r(schema, name, "column", inherited)
-- What is missing here was left out with its table.
JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(r.schema) || '.' || quote_ident(r.name))
    AND a.attname = r.column
"""
_VALUE_FIELDS = (
    "null_fraction", "average_width", "distinct", "correlation", "common_values", "common_frequencies", "histogram",
    "common_elements", "common_element_frequencies", "element_count_histogram", "range_length_histogram",
    "range_empty_fraction", "range_bounds_histogram",
)  # fmt: skip


def _restore_statistics(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    with connection.transaction(), connection.pipeline(), connection.cursor() as cursor:
        for row in snapshot.statistics:
            values = {name: getattr(row, name) for name in _VALUE_FIELDS}
            cursor.execute(
                _ATTRIBUTE_STATISTICS,
                {
                    **{key: list(value) if isinstance(value, tuple) else value for key, value in values.items()},
                    "schema": row.relation.schema,
                    "name": row.relation.name,
                    "column": row.column,
                    "inherited": row.is_inherited,
                },
                prepare=True,
            )


def _lay_out_files(connection: psycopg.Connection, snapshot: Snapshot, data: Path) -> None:
    names = [str(table.name) for table in snapshot.tables] + [str(index.name) for index in snapshot.indexes]
    found = connection.execute(
        "SELECT name, pg_relation_filepath(to_regclass(name)) FROM unnest(%s::text[]) AS name", (names,)
    ).fetchall()
    path_by_name = {name: data / path for name, path in found if path is not None}
    connection.execute("CHECKPOINT")  # nothing of these files may be written later from the buffers
    for table in snapshot.tables:
        path = path_by_name.get(str(table.name))
        if path is not None:
            extend(path, table.pages)
    for index in snapshot.indexes:
        path = path_by_name.get(str(index.name))
        if path is not None:
            _lay_out_index(path, index, snapshot)
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_buffercache WITH SCHEMA pg_catalog")
    connection.execute("SELECT pg_buffercache_evict_all()")


def _lay_out_index(path: Path, index: Index, snapshot: Snapshot) -> None:
    if index.definition.method != "btree":
        extend(path, max(index.pages, path.stat().st_size // 8192))
        return
    height = index.tree_height
    if height is None:
        height = tree_height(index.pages, key_width(index.definition, snapshot, with_included=False))
    write_btree(path, index.pages, height)


def copy_settings(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    """Give a session the planner settings and the search path of production."""
    wanted = {s.name: s.raw for s in snapshot.settings if s.is_planner or s.name == "search_path"}
    connection.execute(
        "SELECT set_config(s.name, w.value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS w(name, value) JOIN pg_settings s ON s.name = w.name"
        " WHERE s.context IN ('user', 'superuser')",
        (list(wanted), list(wanted.values())),
    )
    connection.execute("SET client_min_messages = error")
