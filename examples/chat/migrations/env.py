"""Runs the migrations. The database comes from `-x url=…`, else `sqlalchemy.url`, else `DATABASE_URL`."""

from __future__ import annotations

import os
from logging.config import fileConfig

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, create_engine, make_url, pool

import pgwright_runtime.caching.alembic  # noqa: F401  (revisions then know create_cache_trigger)
from chat.after.models import Base

config = context.config
if config.config_file_name is not None and config.attributes.get("configure_logging", True):
    fileConfig(config.config_file_name, disable_existing_loggers=False)


def database_url() -> URL:
    """Return the URL with the synchronous driver, whichever driver the app itself uses."""
    given = (
        context.get_x_argument(as_dictionary=True).get("url")
        or config.get_main_option("sqlalchemy.url")
        or os.environ.get("DATABASE_URL")
    )
    if not given:
        raise CommandError("no database was named. Give -x url=postgresql://user@host/dbname, or set DATABASE_URL.")
    return make_url(given.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = create_engine(database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        # One transaction a revision, so that a revision can leave it to build an index concurrently.
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
