"""An app's Alembic directory, written to a folder: one env.py as `alembic init` has it, one that calls the runner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config

_ENV = """\
from alembic import context
from sqlalchemy import NullPool, create_engine

from pgwright_runtime.migrations import run_migrations_safely

attributes = context.config.attributes
engine = create_engine(attributes["url"], poolclass=NullPool, connect_args={"application_name": "migration"})
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        if attributes["is_safe"]:
            run_migrations_safely(context, settings=attributes.get("settings"))
        else:
            context.run_migrations()
"""
_REVISION = """
from alembic import op

revision, down_revision = {revision!r}, {down!r}


def upgrade():
{upgrade}


def downgrade():
    pass
"""


def write_app(folder: Path, revisions: Mapping[str, Sequence[str]]) -> None:
    """Write the directory; a revision is the lines of its `upgrade()`, each follows the one before."""
    (folder / "versions").mkdir()
    (folder / "env.py").write_text(_ENV)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    down = None
    for revision, lines in revisions.items():
        upgrade = "\n".join(f"    {line}" for line in lines)
        text = _REVISION.format(revision=revision, down=down, upgrade=upgrade)
        (folder / "versions" / f"{revision}.py").write_text(text)
        down = revision


def upgrade(folder: Path, url: str, target: str = "head", *, is_safe: bool, **attributes: object) -> None:
    """Run `alembic upgrade`."""
    config = Config(str(folder / "alembic.ini"))
    config.attributes.update(url=url, is_safe=is_safe, **attributes)
    command.upgrade(config, target)
