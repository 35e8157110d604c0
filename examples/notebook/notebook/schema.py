"""The app's Alembic migrations, run from Python."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from notebook.address import to_url

DIRECTORY = Path(__file__).parent.parent


def configuration(dsn: str) -> Config:
    """Return Alembic's configuration for one database."""
    config = Config(str(DIRECTORY / "alembic.ini"))
    config.attributes["configure_logging"] = False
    url = to_url(dsn).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the database up to a revision; "0001" is the schema as it was before the fix."""
    command.upgrade(configuration(dsn), revision)


def downgrade(dsn: str, revision: str) -> None:
    """Bring the database down to a revision."""
    command.downgrade(configuration(dsn), revision)
