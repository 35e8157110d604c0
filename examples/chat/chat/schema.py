"""The app's Alembic migrations, run from Python."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL

from chat.address import to_url

DIRECTORY = Path(__file__).parent.parent


def configuration(url: str | URL) -> Config:
    """Return Alembic's configuration for one database."""
    config = Config(str(DIRECTORY / "alembic.ini"))
    config.attributes["configure_logging"] = False
    config.set_main_option("sqlalchemy.url", to_url(url).render_as_string(hide_password=False).replace("%", "%%"))
    return config


def upgrade(url: str | URL, revision: str = "head") -> None:
    """Bring the database up to a revision; "0001" is the schema as it was before the fix."""
    command.upgrade(configuration(url), revision)


def downgrade(url: str | URL, revision: str) -> None:
    """Bring the database down to a revision."""
    command.downgrade(configuration(url), revision)
