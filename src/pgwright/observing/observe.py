"""Run the pending revisions on an empty database with the schema that they will find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg

from pgwright.embedded import OWNER, EmbeddedServer, run_server
from pgwright.migrations import AlembicDirectory, upgrade
from pgwright.model.migration import MigrationEnvironment, PendingMigrations
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.observing.recording import record
from pgwright.twin.restore import SERVER_SETTINGS, restored
from pgwright.twin.servers import choose


@dataclass(frozen=True)
class LintOrder:
    """What is to be linted."""

    directory: AlembicDirectory
    snapshot: Snapshot | None = None
    """Of the database that the revisions are for."""
    since: str | None = None
    """Revisions after this one, instead of those that the database lacks."""
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
    Raises: MigrationError, TwinError, EmbeddedServerError.
    """
    start = _start(order)
    with _server(order) if running is None else nullcontext(running) as server, _database(order, server, start) as name:
        progress("revisions")
        dsn = server.owner_dsn(name)
        revisions = record(dsn, order.directory, start, order.until)
    return PendingMigrations(
        directory=str(order.directory.source),
        database=order.snapshot.server.database if order.snapshot else "",
        observed_on=server.programs.version,
        linted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        start=start,
        heads=tuple(order.directory.script.get_heads()),
        revisions=revisions,
        environment=MigrationEnvironment(str(Path(order.directory.script.dir, "env.py"))),
        snapshot=order.snapshot,
        policy=order.policy,
    )


def _start(order: LintOrder) -> tuple[str, ...]:
    if order.since is not None:
        return () if order.since == "base" else (order.directory.script.get_revision(order.since).revision,)
    return order.snapshot.server.alembic_revisions if order.snapshot is not None else ()


@contextmanager
def _server(order: LintOrder) -> Iterator[EmbeddedServer]:
    programs = choose(order.snapshot, order.server).programs if order.snapshot is not None else None
    settings = {**SERVER_SETTINGS, "allow_system_table_mods": "off"}
    with run_server(settings=settings, programs=programs, is_confined=True) as server:
        server.require_owner()
        yield server


@contextmanager
def _database(order: LintOrder, server: EmbeddedServer, start: tuple[str, ...]) -> Iterator[str]:
    if order.snapshot is not None and order.since is None:
        with restored(order.snapshot, server, is_whole=True) as (name, _):
            with psycopg.connect(server.owner_dsn(name), autocommit=True) as owner:
                owner.execute("CREATE TABLE IF NOT EXISTS public.alembic_version (version_num text PRIMARY KEY)")
                for revision in start:
                    owner.execute("INSERT INTO public.alembic_version VALUES (%s)", (revision,))
            yield name
        return
    name = f"lint_{uuid4().hex[:10]}"
    server.create_database(name)
    with server.admin(name) as admin:
        admin.execute(f"GRANT ALL ON SCHEMA public TO {OWNER}".encode())
        admin.execute(f'GRANT ALL ON DATABASE "{name}" TO {OWNER}'.encode())
    try:
        for revision in start:
            upgrade(server.owner_dsn(name), order.directory, revision)
        yield name
    finally:
        server.drop_database(name)
