"""What a snapshot tells, put into an empty database: schema, statistics, and files as long as production's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from pgwright.model.index import Index
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sizes import key_width, tree_height
from pgwright.sql_files import read_sql
from pgwright.twin.collation import create_database, in_order_of_stand_in
from pgwright.twin.domains import unchecked_domains
from pgwright.twin.pages import extend, write_btree
from pgwright.twin.restore_columns import restore_columns
from pgwright.twin.restore_extended import restore_extended
from pgwright.twin.restore_schema import restore_schema

SERVER_SETTINGS: Mapping[str, str] = {
    "autovacuum": "off",
    "allow_system_table_mods": "on",
    "max_locks_per_transaction": "1024",
    "max_parallel_workers": "8",
    "shared_buffers": "64MB",
    "jit": "off",
}
_MEANING = ("search_path", "TimeZone", "DateStyle", "IntervalStyle")


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
    told = create_database(server, name, snapshot.server)
    try:
        yield name, told + restore_schema(server, name, snapshot, is_whole=is_whole)
    finally:
        server.drop_database(name)


def build(snapshot: Snapshot, server: EmbeddedServer, name: str) -> tuple[NotExamined, ...]:
    """Make a database that stays: schema, statistics and sizes. Return what was left out of it."""
    with built():
        told = create_database(server, name, snapshot.server)
        told += restore_schema(server, name, snapshot, is_whole=False)
        return told + restore_planner_facts(server, name, snapshot)


@contextmanager
def built() -> Iterator[None]:
    """Say of a session that was ended meanwhile, by a function of the source or for its sake, that it stops the twin.

    Raises: TwinError.
    """
    try:
        yield
    except psycopg.OperationalError as error:
        raise TwinError(f"the planner twin could not be built: {error.diag.message_primary or error}") from error


def restore_planner_facts(server: EmbeddedServer, database: str, snapshot: Snapshot) -> tuple[NotExamined, ...]:
    """Make the planner of a restored database believe in production's sizes and values; tell what could not be told.

    Values are read by the owner, for reading one may run a function of the source: the CHECK of a domain.
    """
    warnings: list[str] = []
    with server.owner(database) as owner, server.catalog_writer(database) as catalogs:
        owner.execute("SET search_path = pg_catalog; SET client_min_messages = warning")
        owner.add_notice_handler(lambda notice: warnings.append(notice.message_primary or ""))
        _restore_sizes(catalogs, snapshot)
        row = catalogs.execute("SELECT datcollate FROM pg_database WHERE datname = current_database()").fetchone()
        is_stand_in = row is not None and row[0] not in ("C", snapshot.server.collation)
        known = in_order_of_stand_in(snapshot) if is_stand_in else snapshot.statistics
        with unchecked_domains(owner):
            failed = restore_columns(
                owner, ((one, one.relation.schema, one.relation.name, one.column, one.is_inherited) for one in known)
            )
            extended = restore_extended(owner, catalogs, snapshot)
        _lay_out_files(catalogs, snapshot, server.data)
    return (*failed, *extended, *(NotExamined("statistics of a column", text) for text in dict.fromkeys(warnings)))


def _restore_sizes(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    rows = [
        (str(table.name), table.analyzed_pages, table.row_estimate, table.all_visible_pages)
        for table in snapshot.tables
    ] + [(str(index.name), index.analyzed_pages, index.row_estimate, 0) for index in snapshot.indexes]
    names, pages, tuples, visible = ([row[column] for row in rows] for column in range(4))
    connection.execute(read_sql("pgwright.twin", "set_sizes").encode(), (names, pages, tuples, visible))


def _lay_out_files(connection: psycopg.Connection, snapshot: Snapshot, data: Path) -> None:
    names = [str(table.name) for table in snapshot.tables] + [str(index.name) for index in snapshot.indexes]
    found = connection.execute(read_sql("pgwright.twin", "files").encode(), (names,)).fetchall()
    path_by_name = {name: data / path for name, path in found}
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
    """Give a session the planner settings of production, and those that say what its literals mean."""
    wanted = {s.name: s.raw for s in snapshot.settings if s.is_planner or s.name in _MEANING}
    settings = read_sql("pgwright.twin", "set_settings").encode()
    connection.execute(settings, (list(wanted), list(wanted.values()), list(_MEANING)))
    connection.execute("SET client_min_messages = error")
