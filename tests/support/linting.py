"""A revision, run on a twin of a database whose tables are said to be large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer
from pgwright.migrations import open_directory
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, observe
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

_REVISION = '''\
"""Change the schema."""

import sqlalchemy as sa
from alembic import context, op

revision = "r1"
down_revision = None


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''
LARGE_ROWS = 5_000_000
_ROW_BYTES = 100


class Linter:
    """An app with one pending revision."""

    def __init__(self, database: Database, server: EmbeddedServer, folder: Path) -> None:
        self.database, self.server, self.folder = database, server, folder

    def run(
        self,
        upgrade: str,
        downgrade: str = "pass",
        *,
        schema: str = "",
        sizes: dict[str, int] | None = None,
        env: str = "",
    ) -> PendingMigrations:
        """Return what a revision did to a schema.

        Args:
            upgrade: the body of its function.
            schema: statements that make what was there before.
            sizes: rows of tables by name; the others have LARGE_ROWS.
            env: the text of env.py.
        """
        if schema:
            self.database.execute(schema)
        self._write(upgrade, downgrade, env)
        snapshot = _sized(read_snapshot(self.database.dsn), sizes or {})
        return observe(LintOrder(open_directory(self.folder), snapshot), running=self.server)

    def found(self, check: str, upgrade: str, downgrade: str = "pass", **others: object) -> list[Finding]:
        """Return the findings of one check; arguments as of `run`."""
        pending = self.run(upgrade, downgrade, **others)  # type: ignore[arg-type]
        return [one for one in run_checks(pending).findings if one.check == check]

    def _write(self, upgrade: str, downgrade: str, env: str) -> None:
        (self.folder / "versions").mkdir(exist_ok=True)
        (self.folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        (self.folder / "env.py").write_text(env)
        bodies = {"upgrade": upgrade, "downgrade": downgrade}
        text = _REVISION.format(**{name: indent(dedent(body).strip(), "    ") for name, body in bodies.items()})
        (self.folder / "versions" / "r1.py").write_text(text)


def _sized(snapshot: Snapshot, rows: dict[str, int]) -> Snapshot:
    tables = []
    for table in snapshot.tables:
        count = rows.get(table.name.name, LARGE_ROWS)
        pages = count * _ROW_BYTES // 8192
        tables.append(
            replace(
                table,
                row_estimate=float(count),
                live_rows=count,
                pages=pages,
                analyzed_pages=pages,
                total_bytes=pages * 8192,
            )
        )
    return replace(snapshot, tables=tuple(tables))


def names(relations: tuple[QualifiedName, ...]) -> list[str]:
    """Return relations as people say them."""
    return [one.short for one in relations]
