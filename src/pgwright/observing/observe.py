"""Run the pending revisions on an empty database with the schema that they will find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwright.embedded import OWNER, EmbeddedServer, choose_programs, run_server, wheel_programs
from pgwright.migrations import AlembicDirectory
from pgwright.model.migration import MigrationEnvironment, PendingMigrations
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.observing.chain import Chain
from pgwright.observing.lent import lend
from pgwright.observing.messages import Question
from pgwright.observing.start import Start, start_of
from pgwright.twin.restore import SERVER_SETTINGS, restored
from pgwright.twin.servers import choose


@dataclass(frozen=True)
class LintOrder:
    """What is to be linted."""

    directory: AlembicDirectory
    snapshot: Snapshot | None = None
    """Of the database that the revisions are for."""
    since: str | None = None
    """Revisions after this one, instead of those that the database lacks; `base`: all."""
    until: str = "head"
    policy: Policy = field(default_factory=Policy)
    server: Path | None = None
    """The folder of a PostgreSQL to run on."""


def observe(
    order: LintOrder, progress: Progress = silent, *, running: EmbeddedServer | None = None
) -> PendingMigrations:
    """Return what the pending revisions did.

    Args:
        running: a server for twins that runs already; None: one of its own.
    Raises: MigrationError: they cannot be found, put in order or run. TwinError, EmbeddedServerError.
    """
    snapshot, directory = order.snapshot, order.directory
    start = start_of(directory, snapshot, order.since, order.until)
    left_out: dict[NotExamined, None] = {}
    with _server(order) if running is None else nullcontext(running) as server:
        server.require_owner()
        progress("revisions")

        @contextmanager
        def database() -> Iterator[str]:
            with _database(snapshot if start.is_of_snapshot else None, server, start, _version_schema(order)) as found:
                name, told = found
                left_out.update(dict.fromkeys(told))
                yield _dsn(server, name, snapshot)

        question = Question(str(directory.source), "", "", _version_schema(order), (), ())
        chain = Chain(directory, database, question, progress)
        chain.run(start.replayed, start.pending)
    return PendingMigrations(
        directory=str(directory.source),
        database=snapshot.server.database if snapshot else "",
        observed_on=server.programs.version,
        linted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        start=start.revisions,
        heads=tuple(sorted(directory.script.get_heads())),
        revisions=tuple(chain.revisions),
        environment=MigrationEnvironment(str(Path(directory.script.dir, "env.py"))),
        snapshot=snapshot,
        policy=order.policy,
        not_examined=(*start.not_examined, *left_out, *chain.not_examined),
    )


def _version_schema(order: LintOrder) -> str:
    return order.snapshot.server.alembic_schema if order.snapshot is not None else "public"


@contextmanager
def _server(order: LintOrder) -> Iterator[EmbeddedServer]:
    if order.snapshot is not None:
        programs = choose(order.snapshot, order.server).programs
    else:
        programs = choose_programs(wheel_programs().major, named=order.server).programs
    settings = {**SERVER_SETTINGS, "allow_system_table_mods": "off"}
    with run_server(settings=settings, programs=programs, is_confined=True) as server:
        yield server


@contextmanager
def _database(
    snapshot: Snapshot | None, server: EmbeddedServer, start: Start, version_schema: str
) -> Iterator[tuple[str, tuple[NotExamined, ...]]]:
    if snapshot is None:
        with _empty(server, version_schema) as name:
            yield name, ()
        return
    with restored(snapshot, server, is_whole=True) as (name, left_out):
        _prepare(server, name, version_schema)
        with psycopg.connect(server.owner_dsn(name), autocommit=True) as owner:
            table = sql.Identifier(version_schema, "alembic_version")
            create = sql.SQL("CREATE TABLE IF NOT EXISTS {} (version_num varchar(255) PRIMARY KEY)")
            owner.execute(create.format(table))
            for revision in start.revisions:
                owner.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(table), (revision,))
        yield name, left_out


@contextmanager
def _empty(server: EmbeddedServer, version_schema: str) -> Iterator[str]:
    name = f"lint_{uuid4().hex[:10]}"
    server.create_database(name)
    try:
        _prepare(server, name, version_schema)
        yield name
    finally:
        server.drop_database(name)


def _prepare(server: EmbeddedServer, name: str, version_schema: str) -> None:
    """Give the owner the rights that migrations have, and what it may have lent."""
    with server.admin(name) as admin:
        schemas = [sql.Identifier(one) for one in dict.fromkeys(("public", version_schema))]
        owner = sql.Identifier(OWNER)
        for schema in schemas:
            admin.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            admin.execute(sql.SQL("GRANT ALL ON SCHEMA {} TO {}").format(schema, owner))
        admin.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(sql.Identifier(name), owner))
        lend(admin)


def _dsn(server: EmbeddedServer, name: str, snapshot: Snapshot | None) -> str:
    """Return the DSN for revisions: they look names up as in production."""
    dsn = server.owner_dsn(name)
    # Where an index would serve, a query on an empty table uses it; otherwise it is one that reads all.
    options = f"{conninfo_to_dict(dsn)['options']} -c enable_seqscan=off"
    path = snapshot.setting_by_name.get("search_path") if snapshot is not None else None
    if path is not None and not path.is_default:
        escaped = path.raw.replace("\\", r"\\").replace(" ", r"\ ")
        options += f" -c search_path={escaped}"
    return make_conninfo(dsn, options=options)
