"""An app's Alembic directory whose env.py calls the runner, and its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config

from tests.support.database import Database

_ENV = """\
import asyncio

from alembic import context
from sqlalchemy import NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime.migrations import run_migrations_safely

attributes = context.config.attributes
url = attributes["url"]


def run(connection):
    context.configure(connection=connection, **attributes["options"])
    with context.begin_transaction():
        attributes["runs"].append(run_migrations_safely(context, **attributes["safely"]))


async def run_async():
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        run_migrations_safely(context)
elif attributes.get("connection") is not None:
    run(attributes["connection"])
elif attributes["is_async"]:
    asyncio.run(run_async())
else:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        run(connection)
    engine.dispose()
"""
_REVISION = """
from alembic import op

revision, down_revision = {revision!r}, {down!r}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
"""


class App:
    """Its revisions are written as lines of Python; the last one, where it begins with `-`, undoes them."""

    def __init__(self, folder: Path, database: Database, driver: str = "psycopg") -> None:
        self.folder, self.database, self.driver = folder, database, driver
        self.url = ""
        """Where it connects; "": to the server itself."""
        (folder / "versions").mkdir()
        (folder / "env.py").write_text(_ENV)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        self.safely: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.attributes: dict[str, Any] = {}
        self.runs: list[Any] = []

    def revision(self, revision: str, down: str | None, *lines: str, undo: str = "pass") -> None:
        text = _REVISION.format(
            revision=revision,
            down=down,
            upgrade="\n".join(f"    {line}" for line in lines),
            downgrade=f"    {undo}",
        )
        (self.folder / "versions" / f"{revision}.py").write_text(text)

    def config(self, output: Any = None) -> Config:
        config = Config(str(self.folder / "alembic.ini"), output_buffer=output)
        config.attributes.update(
            url=self.url or self.database.url(self.driver),
            is_async=self.driver == "asyncpg",
            safely=self.safely,
            options=self.options,
            runs=self.runs,
            **self.attributes,
        )
        return config

    def upgrade(self, target: str = "head") -> None:
        command.upgrade(self.config(), target)

    def downgrade(self, target: str) -> None:
        command.downgrade(self.config(), target)

    def version(self) -> object:
        rows = self.database.rows("SELECT version_num FROM alembic_version")
        return rows[0][0] if rows else None

    def journal(self) -> list[tuple[object, ...]]:
        return self.database.rows(
            "SELECT revision, ordinal, state FROM pgwright_migration ORDER BY revision, run, ordinal"
        )

    def is_valid(self, index: str) -> bool:
        return self.database.rows(f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{index}')") == [
            (True,)
        ]


@contextmanager
def session(app: App, *statements: str, name: str = "report") -> Iterator[psycopg.Connection]:
    """A transaction that holds what the statements lock."""
    with psycopg.connect(app.database.dsn, application_name=name) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection
