"""Run the app's revisions on a database of ours, without the app's `env.py`, which may name another database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, NullPool, create_engine

from pgwright.errors import MigrationError
from pgwright.migrations.directory import AlembicDirectory

_INSTALL = ". They import it, so pgwright has to run where the app is installed: pip install pgwright there"

Steps = Callable[[Any, Any], Iterable[Any]]


def upgrade(
    dsn: str, directory: AlembicDirectory, target: str = "head", *, version_schema: str = "public"
) -> tuple[str, ...]:
    """Bring the database to a revision and return those that ran, oldest first.

    Args:
        dsn: libpq keywords or a URL; the database is changed, so it must be a copy or a scratch database.
        target: as `alembic upgrade` takes it: `head`, an id, `+1`.
        version_schema: where `alembic_version` is; the app says it in its `env.py`, as `version_table_schema`.
    Raises: MigrationError: a revision failed, or there is none of that id.
    """
    return _run(
        dsn, directory, target, lambda current, _: directory.script._upgrade_revs(target, current), version_schema
    )


def downgrade(dsn: str, directory: AlembicDirectory, target: str, *, version_schema: str = "public") -> tuple[str, ...]:
    """Take the database back to a revision and return those undone, newest first. Raises MigrationError."""
    return _run(
        dsn, directory, target, lambda current, _: directory.script._downgrade_revs(target, current), version_schema
    )


def _run(dsn: str, directory: AlembicDirectory, target: str, steps: Steps, version_schema: str) -> tuple[str, ...]:
    ran: list[str] = []

    def remember(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        ran.append(step.up_revision_id)

    # Not `script.run_env()`: env.py is never executed. The context serves revisions that import `alembic.context`.
    environment = EnvironmentContext(directory.config, directory.script, fn=steps, destination_rev=target)
    try:
        with _connected(dsn) as connection, directory.importing(), environment:
            environment.configure(
                connection=connection,
                transaction_per_migration=True,
                on_version_apply=remember,
                version_table_schema=None if version_schema == "public" else version_schema,
            )
            with environment.begin_transaction():
                environment.run_migrations()
            connection.commit()  # after a revision that ended Alembic's transaction, its note is in another one
    except Exception as error:  # the app's revisions may raise anything
        after = f" after {', '.join(ran)}" if ran else ""
        hint = _INSTALL if isinstance(error, ImportError) else ""
        raise MigrationError(
            f"the revisions of {directory.source} failed{after}: {_first_lines(error)}{hint}"
        ) from error
    return tuple(ran)


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _first_lines(error: Exception) -> str:
    return "; ".join(line.strip() for line in str(getattr(error, "orig", None) or error).splitlines()[:3])
