"""The database that revisions run on: of a snapshot's schema, or empty; with the rights that migrations have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwright.embedded import OWNER, EmbeddedServer
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.observing.lent import lend
from pgwright.twin.restore import restored

_VERSION_LETTERS = 255
_REFRESH_TIMEOUT = "10s"


@contextmanager
def database_of(
    snapshot: Snapshot | None,
    server: EmbeddedServer,
    revisions: tuple[str, ...],
    version_schema: str,
    sources: str,
) -> Iterator[tuple[str, tuple[NotExamined, ...]]]:
    """Make a database, and drop it on the way out.

    Args:
        snapshot: whose schema it gets; None: none.
        revisions: those that this schema is at.
        version_schema: where `alembic_version` is.
        sources: the text of all revisions that are to run.
    Returns: Its name, and what was left out of the schema.
    """
    if snapshot is None:
        with _empty(server) as name:
            _prepare(server, name, version_schema, sources)
            yield name, ()
        return
    with restored(snapshot, server, is_whole=True) as (name, left_out):
        _prepare(server, name, version_schema, sources)
        _note(server, name, revisions, version_schema)
        _populate(server, name, snapshot)
        yield name, left_out


def dsn_of(server: EmbeddedServer, name: str, snapshot: Snapshot | None) -> str:
    """Return the DSN for revisions: they look names up as in production."""
    dsn = server.owner_dsn(name)
    # Where an index would serve, a query on an empty table uses it; what reads all of it then is one that has to.
    options = f"{conninfo_to_dict(dsn)['options']} -c enable_seqscan=off"
    path = snapshot.setting_by_name.get("search_path") if snapshot is not None else None
    if path is not None and not path.is_default:
        escaped = path.raw.replace("\\", r"\\").replace(" ", r"\ ")
        options += f" -c search_path={escaped}"
    return make_conninfo(dsn, options=options)


@contextmanager
def _empty(server: EmbeddedServer) -> Iterator[str]:
    name = f"lint_{uuid4().hex[:10]}"
    server.create_database(name)
    try:
        yield name
    finally:
        server.drop_database(name)


def _prepare(server: EmbeddedServer, name: str, version_schema: str, sources: str) -> None:
    """Give the owner the rights that migrations have, and what it may have lent."""
    owner = sql.Identifier(OWNER)
    with server.admin(name) as admin:
        for one in dict.fromkeys(("public", version_schema)):
            schema = sql.Identifier(one)
            admin.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            admin.execute(sql.SQL("GRANT ALL ON SCHEMA {} TO {}").format(schema, owner))
        admin.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(sql.Identifier(name), owner))
        lend(admin, sources)


def _populate(server: EmbeddedServer, name: str, snapshot: Snapshot) -> None:
    """Refresh the materialized views that are populated in production, for CONCURRENTLY refuses any other.

    One that reads another comes after it; one that fails on empty tables stays as it is.
    """
    waiting = [one.name for one in snapshot.materialized_views if one.is_populated]
    with psycopg.connect(server.owner_dsn(name), autocommit=True) as owner:
        owner.execute(sql.SQL("SET statement_timeout = {}").format(sql.Literal(_REFRESH_TIMEOUT)))
        for _ in range(len(waiting)):
            left = [one for one in waiting if not _is_refreshed(owner, one)]
            if len(left) == len(waiting):
                return
            waiting = left


def _is_refreshed(owner: psycopg.Connection, view: QualifiedName) -> bool:
    try:
        owner.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier(view.schema, view.name)))
    except psycopg.Error:
        return False
    return True


def _note(server: EmbeddedServer, name: str, revisions: tuple[str, ...], version_schema: str) -> None:
    """Put into `alembic_version` what a schema is at; its rows are none of the schema."""
    table = sql.Identifier(version_schema, "alembic_version")
    create = sql.SQL("CREATE TABLE IF NOT EXISTS {} (version_num varchar({}) PRIMARY KEY)")
    with psycopg.connect(server.owner_dsn(name), autocommit=True) as owner:
        owner.execute(create.format(table, sql.Literal(_VERSION_LETTERS)))
        for revision in revisions:
            owner.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(table), (revision,))
