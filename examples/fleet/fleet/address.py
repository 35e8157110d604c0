"""From the URL that a user gives to the URL of one driver."""

from __future__ import annotations

from sqlalchemy import URL, make_url

# Revision 0003 creates it: it owns nothing, so that the policies hold for it.
APP_ROLE = "fleet_app"


def to_url(url: str | URL, driver: str = "psycopg") -> URL:
    """Return the URL with a driver of SQLAlchemy's.

    >>> str(to_url("postgres://me@localhost/fleet", "asyncpg"))
    'postgresql+asyncpg://me@localhost/fleet'
    """
    given = url.replace("postgres://", "postgresql://", 1) if isinstance(url, str) else url
    return make_url(given).set(drivername=f"postgresql+{driver}")


def to_libpq(url: str | URL) -> str:
    """Return the URL as libpq reads it, its password included."""
    return to_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def as_app(url: str | URL) -> URL:
    """Return the URL with the app's own role, to which row-level security applies."""
    return to_url(url).set(username=APP_ROLE)
