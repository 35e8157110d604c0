"""From a DSN in either of libpq's spellings to a URL of SQLAlchemy."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url


def to_url(dsn: str, driver: str = "psycopg") -> URL:
    """Return the URL of SQLAlchemy for a DSN.

    Args:
        dsn: a URL (`postgresql://user@host/dbname`, with or without a driver) or keywords (`host=… dbname=…`).
        driver: `asyncpg` or `psycopg`.

    >>> str(to_url("host=/tmp/pg user=postgres dbname=notebook", "asyncpg"))
    'postgresql+asyncpg://postgres@/notebook?host=%2Ftmp%2Fpg'
    """
    drivername = f"postgresql+{driver}"
    if "://" in dsn:
        return make_url(dsn.replace("postgres://", "postgresql://", 1)).set(drivername=drivername)
    given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value}
    is_socket = given.get("host", "").startswith("/")
    query = {} if not is_socket else {"host": given.pop("host")}
    return URL.create(
        drivername,
        username=given.pop("user", None),
        password=given.pop("password", None),
        host=given.pop("host", None),
        port=int(given.pop("port")) if "port" in given else None,
        database=given.pop("dbname", None),
        query={**query, **given},
    )
