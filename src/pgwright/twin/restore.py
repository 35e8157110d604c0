"""What a snapshot tells, put into an empty database: schema, statistics, and files as long as production's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from pgwright.model.index import Index
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES, Table
from pgwright.sizes import key_width, tree_height
from pgwright.sql_files import read_sql
from pgwright.twin.collation import create_database, in_order_of_stand_in
from pgwright.twin.domains import unchecked_domains
from pgwright.twin.needed_schema import needed_part
from pgwright.twin.pages import extend, relation_file, rename, write_btree
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
    # A commit then logs no new file page by page, which would pull those pages into the buffers.
    "wal_skip_threshold": "0",
    "temp_file_limit": "1GB",
}
# Planner methods, by the major version that brought them; a server that is older knows nothing of them.
_METHODS_SINCE: Mapping[str, int] = {
    "enable_async_append": 14,
    "enable_memoize": 14,
    "enable_presorted_aggregate": 16,
    "enable_group_by_reordering": 17,
    "enable_distinct_reordering": 18,
    "enable_self_join_elimination": 18,
}
# The files of B-trees get new numbers, so that pages of the old ones, which the buffers hold since foreign keys were
# checked, are not taken for theirs. No server of ours counts that far by itself.
_RENAMED = 2_000_000_000
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
    snapshot = needed_part(snapshot)
    with server.owner(database) as owner, server.catalog_writer(database) as catalogs:
        owner.execute("SET search_path = pg_catalog, pg_temp; SET client_min_messages = warning")
        owner.add_notice_handler(lambda notice: warnings.append(notice.message_primary or ""))
        # Our own queries of the catalog ask for what the owner has; unless the planner knows how much that is, it takes
        # it for one row and joins by loops.
        catalogs.execute("ANALYZE pg_catalog.pg_class")
        restore_sizes(catalogs, (*snapshot.tables, *snapshot.indexes))
        row = catalogs.execute("SELECT datcollate FROM pg_database WHERE datname = current_database()").fetchone()
        is_stand_in = row is not None and row[0] not in ("C", snapshot.server.collation)
        known = in_order_of_stand_in(snapshot) if is_stand_in else snapshot.statistics
        places = ((one, one.relation.schema, one.relation.name, one.column, one.is_inherited) for one in known)
        with unchecked_domains(owner):
            refused = restore_columns(owner, catalogs, places)
            extended = restore_extended(owner, catalogs, snapshot)
        _lay_out_files(catalogs, snapshot, server.data)
    return (*refused, *extended, *(NotExamined("statistics of a column", text) for text in dict.fromkeys(warnings)))


def restore_sizes(catalogs: psycopg.Connection, relations: Iterable[Table | Index]) -> None:
    """Give relations production's figures in pg_class; what was left out of the twin is passed over."""
    rows = [
        (str(one.name), one.analyzed_pages, one.row_estimate, one.all_visible_pages if isinstance(one, Table) else 0)
        for one in relations
    ]
    names, pages, tuples, visible = ([row[column] for row in rows] for column in range(4))
    catalogs.execute(read_sql("pgwright.twin", "set_sizes").encode(), (names, pages, tuples, visible))


def _lay_out_files(catalogs: psycopg.Connection, snapshot: Snapshot, data: Path) -> None:
    names = [str(table.name) for table in snapshot.tables] + [str(index.name) for index in snapshot.indexes]
    found = catalogs.execute(read_sql("pgwright.twin", "files").encode(), (names,)).fetchall()
    place_by_name = {name: (oid, relation_file(data, path)) for name, oid, path in found}
    catalogs.execute("CHECKPOINT")  # nothing of these files may be written later from the buffers
    for table in snapshot.tables:
        if (place := place_by_name.get(str(table.name))) is not None:
            extend(place[1], table.pages)
    trees: list[int] = []
    for index in snapshot.indexes:
        if (place := place_by_name.get(str(index.name))) is not None:
            oid, path = place
            if index.definition.method == "btree":
                trees.append(oid)
                _lay_out_tree(rename(path, str(_RENAMED + oid)), index, snapshot)
            else:
                extend(path, max(index.pages, path.lstat().st_size // PAGE_BYTES))
    catalogs.execute(
        "UPDATE pg_class SET relfilenode = (%s + oid::int8)::oid WHERE oid = ANY (%s::int8[]::oid[])", (_RENAMED, trees)
    )


def _lay_out_tree(path: Path, index: Index, snapshot: Snapshot) -> None:
    height = index.tree_height
    if height is None:
        height = tree_height(index.pages, key_width(index.definition, snapshot, with_included=False))
    write_btree(path, index.pages, height)


def copy_settings(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    """Give a session the planner settings of production, and those that say what its literals mean."""
    wanted = {s.name: s.raw for s in snapshot.settings if s.is_planner or s.name in _MEANING}
    settings = read_sql("pgwright.twin", "set_settings").encode()
    wanted |= {name: "off" for name, since in _METHODS_SINCE.items() if snapshot.server.major < since}
    connection.execute(settings, (list(wanted), list(wanted.values()), list(_MEANING)))
    connection.execute("SET client_min_messages = error")
