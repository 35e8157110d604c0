"""The conversion of the notebook's 13 tables: as a series of revisions, and as the plain rewrite that it is held to."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql

from notebook import data, schema
from notebook.before.models import Base
from pgwright.embedded import EmbeddedServer, binaries
from pgwright.model.change import ColumnConversion, ConvertColumns, ConvertOnline
from pgwright.model.finding import Finding
from pgwright.model.names import QualifiedName
from pgwright.remedies import go_online, in_parts, make_fix, render_revision
from pgwright.snapshot import read_snapshot
from pgwright_runtime import create_engine as create_runtime_engine
from pgwright_runtime.backfills import run_backfills
from pgwright_runtime.batches import Pace

STAGES = ("expand", "build", "swap", "contract")
# Of 32 digits; all others have hyphens.
_PLAIN = {("jobs", "id"), ("generation_history", "job_id")}
_ENV = """\
from alembic import context
from sqlalchemy import NullPool, create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""


def prepare(server: EmbeddedServer, database: str, scale: float) -> None:
    """Make the notebook's database as it was before, with an index at each foreign key, for requests to be fast."""
    server.create_database(database)
    schema.upgrade(server.dsn(database), "0001")
    data.load(server.dsn(database), scale)
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        for table, column in _columns():
            if column != "id":
                name = sql.Identifier(f"ix_{table}_{column}")
                create = sql.SQL("CREATE INDEX {} ON {} ({})")
                connection.execute(create.format(name, sql.Identifier(table), sql.Identifier(column)))
        connection.execute("DROP TABLE alembic_version")
        connection.execute("VACUUM ANALYZE")


def _columns() -> Iterator[tuple[str, str]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.primary_key or column.foreign_keys:
                yield table.name, column.name


@dataclass(frozen=True)
class Directory:
    """An Alembic directory with the series, or with the plain rewrite."""

    folder: Path

    def upgrade(self, dsn_url: str, target: str) -> None:
        command.upgrade(self._config(dsn_url), target)

    def downgrade(self, dsn_url: str, target: str) -> None:
        command.downgrade(self._config(dsn_url), target)

    def _config(self, url: str) -> Config:
        config = Config()
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "os")
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
        return config


def write_revisions(server: EmbeddedServer, database: str, folder: Path) -> tuple[Directory, Directory]:
    """Write the series and the plain rewrite for this database, each into a directory of its own."""
    snapshot = read_snapshot(server.dsn(database))
    columns = tuple(
        ColumnConversion(
            QualifiedName("public", table),
            column,
            "character varying(255)",
            "uuid",
            uuid_format="plain" if (table, column) in _PLAIN else "hyphenated",
        )
        for table, column in sorted(_columns())
    )
    finding = Finding(
        "text-uuid-key", "keys", "medium", "certain", "notebook", "", (), "", (ConvertColumns(columns, ()),)
    )
    plain = make_fix(snapshot, [finding])
    series = go_online(plain, snapshot, small_s=0)
    assert not series.refused, series.refused
    directories = []
    for kind, fix in (("series", series), ("plain", plain)):
        directory = folder / kind
        (directory / "versions").mkdir(parents=True)
        (directory / "env.py").write_text(_ENV)
        before = None
        for part in in_parts(fix, snapshot):
            change = part.fix.remedies[0].change
            name = change.stage if isinstance(change, ConvertOnline) else "plain"
            text = render_revision(
                part.fix, revision=name, down_revision=before, message=name, database=database, taken_at="now",
                has_runtime=True,
            )  # fmt: skip
            (directory / "versions" / f"{name}.py").write_text(text)
            before = name
        directories.append(Directory(directory))
    return directories[0], directories[1]


def run_stage(directory: Directory, url: str, stage: str, pace: Pace | None = None) -> None:
    """Run one revision of the series and the backfills that it declares; what is done is not done twice."""
    directory.upgrade(url, stage)
    if stage == "expand":
        fill(url, pace)


def fill(url: str, pace: Pace | None) -> None:
    engine = create_runtime_engine(url, pool_size=3)
    try:
        undone = [one for one in run_backfills(engine, pace=pace) if not one.is_done]
    finally:
        engine.dispose()
    assert not undone, undone


def catalog(server: EmbeddedServer, database: str) -> list[str]:
    """Return the schema as pg_dump writes it, without the order of columns, and what migrations keep for themselves."""
    run = [str(binaries() / "pg_dump"), "--schema-only", "--exclude-table=alembic_version"]
    run += ["--exclude-table=pgwright_backfill", server.dsn(database)]
    text = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return sorted(line.rstrip(",") for line in text.splitlines() if line and not line.startswith(("--", "\\")))


def contents(server: EmbeddedServer, database: str) -> dict[str, str]:
    """Return a hash of each table's rows, in the order of their keys."""
    found = {}
    with psycopg.connect(server.dsn(database)) as connection:
        for table in Base.metadata.sorted_tables:
            names = sql.SQL(", ").join(map(sql.Identifier, sorted(column.name for column in table.columns)))
            query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY id) TO STDOUT").format(names, sql.Identifier(table.name))
            digest = hashlib.sha256()
            with connection.cursor().copy(query) as copy:
                for block in copy:
                    digest.update(block)
            found[table.name] = digest.hexdigest()
    return found


def differences(server: EmbeddedServer, one: str, other: str) -> int:
    """Return how many lines of the catalogs, and how many tables, differ between two databases."""
    catalogs = set(catalog(server, one)) ^ set(catalog(server, other))
    rows, others = contents(server, one), contents(server, other)
    for line in sorted(catalogs):
        print(f"  differs: {line.strip()}", flush=True)
    return len(catalogs) + sum(rows[table] != others[table] for table in rows)


def invalid_indexes(server: EmbeddedServer, database: str) -> int:
    with server.admin(database) as connection:
        found = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()
    assert found is not None
    return int(found[0])
