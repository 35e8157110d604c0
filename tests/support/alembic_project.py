"""An app's Alembic directory, with an env.py that is sync or async, and what the tests of remedies share."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from pgwright.embedded import binaries
from pgwright.model.change import Change
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix, render_revision
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

_ENV = """\
import asyncio

from alembic import context
from sqlalchemy import NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

config = context.config
url = config.attributes["url"]
options = config.attributes["options"]


def run(connection):
    context.configure(connection=connection, target_metadata=config.attributes.get("metadata"), **options)
    with context.begin_transaction():
        context.run_migrations()


async def run_async():
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
elif config.attributes["is_async"]:
    asyncio.run(run_async())
else:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        run(connection)
    engine.dispose()
"""


class Project:
    """An app's Alembic directory and its database."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        (folder / "versions").mkdir()
        (folder / "env.py").write_text(_ENV)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        self.options: dict[str, object] = {}
        self.driver = "psycopg"
        self.metadata: MetaData | None = None

    def snapshot(self) -> Snapshot:
        return read_snapshot(self.database.dsn)

    def plan(self, *findings: Finding) -> Fix:
        return make_fix(self.snapshot(), findings)

    def write(
        self, plan: Fix, revision: str = "r1", down_revision: str | None = None, *, has_runtime: bool = False
    ) -> Path:
        text = render_revision(
            plan, revision=revision, down_revision=down_revision, message="Fix it", database="app", taken_at="now",
            has_runtime=has_runtime,
        )  # fmt: skip
        path = self.folder / "versions" / f"{revision}.py"
        path.write_text(text)
        return path

    def config(self, output: io.StringIO | None = None) -> Config:
        config = Config(str(self.folder / "alembic.ini"), output_buffer=output)
        config.attributes.update(
            url=self.database.url(self.driver),
            options=self.options,
            is_async=self.driver == "asyncpg",
            metadata=self.metadata,
        )
        return config

    def upgrade(self, target: str = "head") -> None:
        command.upgrade(self.config(), target)

    def downgrade(self, target: str = "base") -> None:
        command.downgrade(self.config(), target)

    def offline(self, verb: str, target: str) -> str:
        output = io.StringIO()
        getattr(command, verb)(self.config(output), target, sql=True)
        return output.getvalue()

    def psql(self, script: str) -> None:
        run = [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database.dsn, "-f", "-"]
        result = subprocess.run(run, input=script, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr

    def dump(self) -> str:
        """Return the schema, without the tables of Alembic and of backfills."""
        own = ("--exclude-table=alembic_version", "--exclude-table=pgwright_backfill")
        run = [str(binaries() / "pg_dump"), "--schema-only", *own, self.database.dsn]
        text = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        return "\n".join(line for line in text.splitlines() if line and not line.startswith(("--", "\\")))


def finding(check: str, what: str, *changes: Change) -> Finding:
    """Return a finding that asks for the changes."""
    return Finding(check, "keys", "high", "certain", what, "m", (), "a", changes)


def created(plan: Fix) -> list[str]:
    """Return the titles of all remedies."""
    return [remedy.title for remedy in plan.remedies]
