"""An app whose database has its first revision, and pending ones after it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from tests.support.database import Database

SCHEMA = """
CREATE TABLE note (id bigint PRIMARY KEY, title text, state text);
INSERT INTO note SELECT n, repeat('x', 150) || n, 'open' FROM generate_series(1, 100000) AS n;
CREATE TABLE tag (id bigint PRIMARY KEY, name text);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('first');
ANALYZE
"""
FIRST = """\
op.execute("CREATE TABLE note (id bigint PRIMARY KEY, title text, state text)")
op.execute("CREATE TABLE tag (id bigint PRIMARY KEY, name text)")
"""
_REVISION = '''\
"""{message}

Revision ID: {revision}
Revises: {follows}
"""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down_revision}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''
INDEX = 'op.create_index("ix_note_title", "note", ["title"])'
NO_INDEX = 'op.drop_index("ix_note_title")'


class PendingApp:
    """Its Alembic directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.ini = folder / "alembic.ini"
        self.ini.write_text("[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n")
        (folder / "migrations" / "env.py").write_text("")
        self.head: str | None = None
        self.add("first", FIRST, 'op.drop_table("tag")\nop.drop_table("note")', message="First schema")

    def add(self, revision: str, upgrade: str, downgrade: str = "pass", *, message: str = "Change it") -> Path:
        """Write a revision after the last one."""
        bodies = {"upgrade": upgrade, "downgrade": downgrade}
        path = self.versions / f"{revision}.py"
        path.write_text(
            _REVISION.format(
                message=message,
                revision=revision,
                follows=self.head or "",
                down_revision=repr(self.head),
                **{name: indent(dedent(body).strip(), "    ") for name, body in bodies.items()},
            )
        )
        self.head = revision
        return path

    def text(self, revision: str) -> str:
        return (self.versions / f"{revision}.py").read_text()


def prepare(database: Database) -> None:
    """Bring a database to the first revision, with a large table and a small one."""
    database.execute(SCHEMA)
