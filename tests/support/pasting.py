"""Code that a rule prints, pasted in place of the statement: it must run on rows, and end with the same schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent
from uuid import uuid4

from sqlalchemy import create_engine

from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer
from pgwright.migrations import AlembicDirectory, open_directory, upgrade
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, observe
from pgwright.snapshot import read_snapshot
from pgwright_runtime.backfills import run_backfills
from tests.support.database import Database
from tests.support.linting import _sized

_REVISION = """\
import sqlalchemy as sa
from alembic import context, op

revision = "r{number}"
down_revision = {before!r}


def upgrade():
{body}


def downgrade():
    pass
"""
_SCHEMA = """
    SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull
        || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')
    LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname,
        replace(pg_get_constraintdef(oid), ' NOT VALID', '') || convalidated
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL SELECT 'index', i.indexrelid::regclass::text,
        pg_get_indexdef(i.indexrelid) || i.indisvalid || coalesce(inhparent::regclass::text, '')
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid LEFT JOIN pg_inherits ON inhrelid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'partition', inhrelid::regclass::text, inhparent::regclass::text || inhdetachpending
    FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid WHERE c.relkind IN ('r', 'p')
    UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE 'pgwright%'
    UNION ALL SELECT 'security', relname, relrowsecurity || coalesce(polname, '')
    FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
        AND (relrowsecurity OR polname IS NOT NULL)
    ORDER BY 1, 2
"""
_OURS = r"(alembic_version|pgwright_)"
Fact = tuple[object, ...]


class Pasting:
    """A schema with rows, made anew for each run of a chain of revisions."""

    def __init__(self, server: EmbeddedServer, twins: EmbeddedServer, folder: Path, schema: str) -> None:
        self.server, self.twins, self.folder, self.schema = server, twins, folder, schema

    def lint(self, *bodies: str, sizes: dict[str, int] | None = None) -> tuple[PendingMigrations, list[Finding]]:
        """Return what revisions did on a twin with large tables, and all that is found in them."""
        with self._database() as database:
            snapshot = _sized(read_snapshot(database.dsn), sizes or {})
        pending = observe(LintOrder(self._chain(bodies), snapshot), running=self.twins)
        # Nobody runs a backfill on the twin.
        expected = "backfill"
        assert [one for one in pending.revisions if expected not in (one.upgrade.error or expected)] == []
        return pending, list(run_checks(pending).findings)

    def schema_after(self, *bodies: str, rows: str = "") -> list[Fact]:
        """Run revisions on the rows, as Alembic does; return the schema that they end with, and what a query gives."""
        with self._database() as database:
            directory = self._chain(bodies)
            engine = create_engine(database.url("psycopg"))
            try:
                for number in range(len(bodies)):
                    upgrade(database.dsn, directory, f"r{number}")
                    if "declare_backfill" in bodies[number]:
                        run_backfills(engine)
            finally:
                engine.dispose()
            facts = [row for row in database.rows(_SCHEMA) if not re.match(_OURS, str(row[1]))]
            return [*facts, *sorted(database.rows(rows) if rows else [])]

    def snapshot(self) -> Snapshot:
        with self._database() as database:
            return read_snapshot(database.dsn)

    @contextmanager
    def _database(self) -> Iterator[Database]:
        name = f"p_{uuid4().hex[:12]}"
        self.server.create_database(name, template="template1")
        try:
            database = Database(self.server, name)
            database.execute(self.schema)
            yield database
        finally:
            self.server.drop_database(name)

    def _chain(self, bodies: tuple[str, ...]) -> AlembicDirectory:
        folder = self.folder / f"chain_{uuid4().hex[:8]}"
        (folder / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        (folder / "env.py").write_text("")
        before = None
        for number, body in enumerate(bodies):
            text = _REVISION.format(number=number, before=before, body=indent(dedent(body).strip() or "pass", "    "))
            (folder / "versions" / f"r{number}.py").write_text(text)
            before = f"r{number}"
        return open_directory(folder)


def revisions_of(code: str) -> list[str]:
    """Return the bodies of the revisions that a finding's code stands for."""
    return [one for one in re.split(r"^# next revision, after .+$", code, flags=re.MULTILINE) if one.strip()]
