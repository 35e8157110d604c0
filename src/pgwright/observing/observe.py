"""Run the pending revisions on an empty database with the schema that they will find."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pgwright.code import AppModels, entry_of
from pgwright.embedded import EmbeddedServer, choose_programs, run_server, wheel_programs
from pgwright.migrations import AlembicDirectory
from pgwright.model.migration import PendingMigrations
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.observing.chain import Chain
from pgwright.observing.databases import database_of, dsn_of
from pgwright.observing.environment import EnvironmentFile
from pgwright.observing.messages import ChildQuestion
from pgwright.observing.process import REVISION_SECONDS
from pgwright.observing.start import start_of
from pgwright.observing.uses import gone_of, uses_of
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.servers import choose


@dataclass(frozen=True)
class LintOrder:
    """What is to be linted."""

    directory: AlembicDirectory
    snapshot: Snapshot | None = None
    """Of the database that the revisions are for."""
    since: str | tuple[str, ...] | None = None
    """Revisions after this one, or after these heads, instead of those that the database lacks; `base`: all."""
    until: str = "head"
    policy: Policy = field(default_factory=Policy)
    server: Path | None = None
    """The folder of a PostgreSQL to run on."""
    revision_seconds: float = REVISION_SECONDS
    """How long `upgrade()` or `downgrade()` of one revision may take."""
    models: AppModels | None = None
    """Where the app's models are; None: as env.py names them."""


def observe(
    order: LintOrder,
    progress: Progress = silent,
    *,
    running: EmbeddedServer | None = None,
    at_end: Callable[[str], None] | None = None,
) -> PendingMigrations:
    """Return what the pending revisions did.

    Args:
        running: a server for twins that runs already; None: one of its own.
        at_end: gets the DSN of the database on which all pending revisions have run, before it is dropped.
    Raises: MigrationError: they cannot be found, put in order or run. TwinError, EmbeddedServerError.
    """
    snapshot, directory = order.snapshot, order.directory
    environment = EnvironmentFile(directory)
    start = start_of(directory, snapshot, order.since, order.until)
    models = order.models or _models(environment.path, directory)
    engine_name, others = _databases(directory)
    version_schema = _version_schema(snapshot, environment)
    sources = "\n".join(_text(directory, one) for one in (*start.replayed, *start.pending))
    left_out: dict[NotExamined, None] = {}
    with server_for(order) if running is None else nullcontext(running) as server:
        server.require_owner()

        @contextmanager
        def database() -> Iterator[str]:
            source = snapshot if start.is_of_snapshot else None
            with database_of(source, server, start.revisions, version_schema, sources) as (name, told):
                left_out.update(dict.fromkeys(told))
                dsn = dsn_of(server, name, snapshot)
                yield dsn
                if at_end is not None and len(chain.revisions) == len(start.pending):
                    at_end(dsn)

        chain = Chain(
            directory,
            database,
            ChildQuestion(
                source=str(directory.source),
                version_schema=version_schema,
                conventions=next(iter(models.app.conventions), {}) if models is not None else {},
                engine_name=engine_name,
                imports=environment.imports,
            ),
            progress,
            order.revision_seconds,
        )
        chain.run(start.replayed, start.pending)
    return PendingMigrations(
        directory=str(directory.source),
        database=snapshot.server.database if snapshot else "",
        observed_on=server.programs.version,
        linted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        start=start.revisions,
        heads=tuple(sorted(directory.script.get_heads())),
        revisions=tuple(chain.revisions),
        environment=environment.read(snapshot),
        snapshot=snapshot,
        uses=tuple(dict.fromkeys(uses_of(gone_of(chain.revisions, snapshot), snapshot, models))),
        policy=order.policy,
        not_examined=(*others, *environment.left_out(), *left_out, *chain.not_examined),
    )


def _text(directory: AlembicDirectory, revision: str) -> str:
    return directory.path_of(revision).read_text(encoding="utf-8", errors="replace")


def _models(env: Path, directory: AlembicDirectory) -> AppModels | None:
    return entry_of(env, directory.source.parent, directory.imports_from) if env.is_file() else None


def _databases(directory: AlembicDirectory) -> tuple[str, tuple[NotExamined, ...]]:
    """Return the database whose functions are run, where the revisions have some for several, and what is left out."""
    names = [one for one in re.split(r"[\s,]+", directory.config.get_main_option("databases") or "") if one]
    if len(names) < 2:
        return "".join(names), ()
    reason = f"revisions have functions for several databases, and those for {names[0]} were run"
    return names[0], tuple(NotExamined(f"the revisions of the database {one}", reason) for one in names[1:])


def _version_schema(snapshot: Snapshot | None, environment: EnvironmentFile) -> str:
    if snapshot is not None and snapshot.server.alembic_revisions:
        return snapshot.server.alembic_schema
    return environment.configured("version_table_schema") or "public"


@contextmanager
def server_for(order: LintOrder) -> Iterator[EmbeddedServer]:
    """Run a server of the version that revisions are for, where its programs are found."""
    if order.snapshot is not None:
        programs = choose(order.snapshot, order.server).programs
    else:
        programs = choose_programs(wheel_programs().major, named=order.server).programs
    settings = {**SERVER_SETTINGS, "allow_system_table_mods": "off"}
    with run_server(settings=settings, programs=programs, is_confined=True) as server:
        yield server
