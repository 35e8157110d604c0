"""From the URL that a user gives to the URL of one driver."""

from __future__ import annotations

from sqlalchemy import URL, make_url


def to_url(url: str | URL, driver: str = "psycopg") -> URL:
    """Return the URL with a driver of SQLAlchemy's.

    >>> str(to_url("postgres://me@localhost/chat", "asyncpg"))
    'postgresql+asyncpg://me@localhost/chat'
    """
    given = url.replace("postgres://", "postgresql://", 1) if isinstance(url, str) else url
    return make_url(given).set(drivername=f"postgresql+{driver}")


def to_libpq(url: str | URL) -> str:
    """Return the URL as libpq reads it, its password included."""
    return to_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
