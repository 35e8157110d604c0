"""Run the app's revisions by its own env.py, with the runner in Alembic's place: one of the verbs that write.

Which database is written to, env.py says; it may name several, and configure each in turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pgwright.database import connect, mask
from pgwright.errors import MigrationError, PgwrightError
from pgwright.migrations import AlembicDirectory
from pgwright.model.migrated import Migrated, MigratedDatabase, MigratedRevision, MigratedStatement
from pgwright.visible import on_one_line
from pgwright_runtime.backfills import BackfillNotDone, run_backfills
from pgwright_runtime.batches import StopFlag
from pgwright_runtime.errors import Error
from pgwright_runtime.migrations import (
    MigrationPace,
    MigrationProgress,
    MigrationRun,
    MigrationRunner,
    MigrationStopped,
    PlannedRevision,
    RanRevision,
    plan_migrations,
)
from pgwright_runtime.migrations.safely import RUNS

# The start is known to a microsecond: no two servers share it, and anybody may read it.
_IDENTITY = """
    SELECT d.oid::text || ' since '
        || (pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint::text AS identity
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""
_NAMED = 5
"""More revisions than these are counted, not named."""
Confirm = Callable[[str, Sequence[str]], bool]
"""Asked with the database and the revisions before the first one runs."""


class Declined(Exception):
    """Whoever was asked said no."""


@dataclass(frozen=True)
class MigrationOrder:
    """What is to be run, and how."""

    target: str = "head"
    """As `alembic upgrade` takes it: `head`, `heads`, an id, `+1`."""
    is_dry_run: bool = False
    runs_backfills: bool = False
    """Run a backfill that a revision requires and that is not done, and go on."""
    pace: MigrationPace = field(default_factory=MigrationPace)
    x: tuple[str, ...] = ()
    """What env.py reads by `context.get_x_argument()`."""
    only_on: str | None = None
    """What `identity_of` says of the only database that may be written to; None: those that env.py names."""
    only_at: tuple[str, ...] | None = None
    """Where that has to be, as the caller found it; None: anywhere."""


def migrate(
    directory: AlembicDirectory,
    order: MigrationOrder,
    *,
    progress: Callable[[MigrationProgress], None] | None = None,
    confirm: Confirm | None = None,
    stop: StopFlag | None = None,
) -> Migrated:
    """Bring the databases that env.py names to a revision, or say what that would do.

    Args:
        progress: told how far it is; also from another thread.
        confirm: may refuse, database by database.
        stop: set it to end after the revision that runs.
    Raises: MigrationError: env.py or a revision failed, or Alembic does not find its way.
    """
    run = _EnvRun(directory, order, progress or (lambda told: None), confirm, stop)
    started, ended = time.monotonic(), "done"
    try:
        with directory.importing(), run.environment():
            run.script.run_env()
    except MigrationStopped as error:
        ended = " ".join(str(error).split())
    except Declined:
        ended = "nobody agreed to it"
    except KeyboardInterrupt:
        ended = "interrupted; what was under way was rolled back, and the next run goes on"
        if stop is not None:
            stop.set("interrupted")
    except PgwrightError:  # of whoever was asked
        raise
    except (Exception, SystemExit) as error:  # env.py is the app's, and may raise anything
        raise MigrationError(_explained(error, directory, run.databases)) from error
    if stop and ended == "done":
        ended = f"{stop.reason} after the revision that ran, and the next run goes on"
    if run.elsewhere and not run.databases:
        raise MigrationError(
            f"env.py connects to {', '.join(run.elsewhere)}, which is not the database that was named, or its server "
            "was started anew meanwhile. Nothing was changed"
        )
    if not run.databases and ended == "done":
        raise MigrationError(
            f"the env.py of {directory.source} ran no migrations: it calls context.run_migrations() for none of its "
            "databases"
        )
    return Migrated(
        source=str(directory.source),
        target=order.target,
        is_dry_run=order.is_dry_run,
        is_done=ended == "done" and not any(one.in_the_way for one in _planned_of(run.databases)),
        ended=ended,
        seconds=time.monotonic() - started,
        databases=tuple(run.databases),
    )


class _EnvRun:
    """One run of env.py: what it configures, and what came of it."""

    def __init__(
        self,
        directory: AlembicDirectory,
        order: MigrationOrder,
        progress: Callable[[MigrationProgress], None],
        confirm: Confirm | None,
        stop: StopFlag | None,
    ) -> None:
        self._directory, self._order, self.script = directory, order, _unread(directory)
        self._progress, self._confirm, self._stop = progress, confirm, stop
        self.databases: list[MigratedDatabase] = []
        self.elsewhere: list[str] = []
        """Databases that were left alone, for another one was named."""

    def environment(self) -> EnvironmentContext:
        """Return what env.py sees as `alembic.context`.

        No class of its own: the functions of `alembic.context` are those of EnvironmentContext only.
        """
        config, script = self._directory.config, self.script
        # env.py may ask how it is called.
        options = {"x": list(self._order.x) or None, "config": [str(self._directory.source)], "name": "alembic"}
        config.cmd_opts = argparse.Namespace(**options)
        environment = EnvironmentContext(
            config,
            script,
            fn=lambda heads, context: script._upgrade_revs(self._order.target, heads),
            destination_rev=self._order.target,
        )
        vars(environment)["run_migrations"] = lambda **options: self._run_all(environment.get_context(), **options)
        vars(environment)[RUNS] = self._run_all
        return environment

    def _run_all(self, context: MigrationContext, **options: Any) -> MigrationRun:
        """Run them, whether env.py calls Alembic's function or ours."""
        if context.dialect.name != "postgresql":
            raise CommandError(f"pgwright migrate is for PostgreSQL, and env.py connects to {context.dialect.name}")
        place, before = place_of(context), context.get_current_heads()
        if self._order.is_dry_run:
            plans = tuple(map(_planned, plan_migrations(context, old_s=self._order.pace.old_s)))
            self.databases.append(MigratedDatabase(place, before, before, plans))
            return MigrationRun("")
        if self._order.only_on is not None and self._order.only_on != _identity(context):
            self.elsewhere.append(place)
            return MigrationRun("")
        self._require_at(context, place, before)
        pending = [step.revision.revision for step in self.script._upgrade_revs(self._order.target, before)]  # type: ignore[arg-type]
        if pending and self._confirm is not None and not self._confirm(place, pending):
            raise Declined
        return self._run(context, place, before, pending, options)

    def _require_at(self, context: MigrationContext, place: str, before: tuple[str, ...]) -> None:
        """Raise MigrationError where env.py keeps the revisions elsewhere than in the caller's alembic_version."""
        expected = self._order.only_at
        if expected is None or (context.version_table == "alembic_version" and set(expected) == set(before)):
            return
        found, known = (", ".join(revisions) or "no revision" for revisions in (before, expected))
        raise MigrationError(
            f"env.py keeps the revisions of {place} in {context.version_table}, by which it is at {found}; pgwright "
            f"deploy goes by the alembic_version that it sees, which is at {known}. Nothing was changed. Run them by "
            "pgwright migrate"
        )

    def _run(
        self, context: MigrationContext, place: str, before: tuple[str, ...], pending: Sequence[str], options: Any
    ) -> MigrationRun:
        runner = MigrationRunner(
            context,
            self._order.pace,
            tell=self._progress,
            ends_outer=True,
            between=lambda: bool(self._stop),
            recover=self._recover if self._order.runs_backfills else None,
        )
        try:
            return runner.run(**options)
        finally:
            ran = runner.so_far
            left = [revision for revision in pending if revision not in {one.revision for one in ran}]
            after = _heads_after(self.script, before, ran)
            self.databases.append(
                MigratedDatabase(place, before, after, tuple(map(_ran, ran)), tuple(left), runner.notes)
            )

    def _recover(self, error: Exception, engine: Engine) -> bool:
        if not isinstance(error, BackfillNotDone):
            return False
        runs = run_backfills(engine, [error.name], stop=self._stop)
        return all(one.is_done for one in runs)


def _unread(directory: AlembicDirectory) -> ScriptDirectory:
    """Return the directory as `alembic` has it: no revision is read yet, for env.py may say where they are."""
    directory.config.set_main_option("script_location", str(directory.script.dir).replace("%", "%%"))
    script = ScriptDirectory.from_config(directory.config)
    if directory.script.version_locations:
        script.version_locations = list(directory.script.version_locations)
    return script


def identity_of(dsn: str | None) -> str:
    """Return what tells a database from all others, also from one of the same name on another server.

    Raises: as `pgwright.database.connect`.
    """
    with connect(dsn) as database:
        (row,) = database.query(_IDENTITY)
    return str(row["identity"])


def _identity(context: MigrationContext) -> str:
    assert context.connection is not None
    return str(context.connection.exec_driver_sql(_IDENTITY).scalar_one())


def place_of(context: MigrationContext) -> str:
    """Return who connects where, without the password."""
    assert context.connection is not None
    url = context.connection.engine.url
    host = url.host or url.query.get("host") or "local socket"
    name = context.connection.exec_driver_sql("SELECT current_user || '|' || current_database()").scalar_one()
    user, _, database = str(name).partition("|")
    schema = f", schema {context.version_table_schema}" if context.version_table_schema else ""
    return f"{user}@{host}{f':{url.port}' if url.port else ''}/{database}{schema}"


def _heads_after(script: Any, before: tuple[str, ...], ran: Sequence[RanRevision]) -> tuple[str, ...]:
    heads = set(before)
    for one in ran:
        revision = script.get_revision(one.revision)
        heads -= set(revision._all_down_revisions)
        heads.add(one.revision)
    return tuple(sorted(heads))


def _planned(plan: PlannedRevision) -> MigratedRevision:
    statements = tuple(
        MigratedStatement(one.statement, dict(one.locks), one.in_the_way, one.is_bare) for one in plan.statements
    )
    return MigratedRevision(plan.revision, plan.message, len(statements), plan=statements, unknown=plan.unknown)


def _ran(one: RanRevision) -> MigratedRevision:
    return MigratedRevision(
        one.revision, one.message, one.statements, one.resumed_after, one.seconds, one.waited_s, one.tries,
        dict(one.locks), one.analyzed, one.notes,
    )  # fmt: skip


def _planned_of(databases: Sequence[MigratedDatabase]) -> list[MigratedStatement]:
    return [statement for one in databases for revision in one.revisions for statement in revision.plan]


def _explained(error: BaseException, directory: AlembicDirectory, databases: Sequence[MigratedDatabase]) -> str:
    """Return what went wrong, where, and what to do next."""
    ran = [one.revision for database in databases for one in database.revisions]
    names = ", ".join(ran) if len(ran) <= _NAMED else f"{len(ran)} revisions up to {ran[-1]}"
    after = f" after {names}, which stay{'s' if len(ran) == 1 else ''}" if ran else ""
    told = getattr(error, "orig", None) if isinstance(error, DBAPIError) else None
    said = mask(on_one_line("; ".join(str(told or error).splitlines()[:3])))
    if not isinstance(error, CommandError | SQLAlchemyError | Error):
        said = f"{type(error).__name__}: {said}"
    return f"the migrations of {directory.source} failed{after}: {said}{_hint(error, said)}"


def _hint(error: BaseException, said: str) -> str:
    if isinstance(error, ImportError):
        return ". env.py or a revision imports it, so pgwright has to run where the app is installed"
    if isinstance(error, BackfillNotDone):
        return ". --with-backfills runs it and goes on"
    if "Multiple head" in said:
        return ". Name one by --until, or run all of them: --until heads"
    if "Can't locate revision" in said or isinstance(error, KeyError):
        return (
            ". The database is ahead of this code, or a revision file is missing: deploy the code that has it, or "
            "restore the file"
        )
    return ""
