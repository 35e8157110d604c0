"""An async engine with the limits that keep one slow statement from taking the whole app down."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_DRIVERS = ("asyncpg", "psycopg")


def create_engine(
    url: str | URL,
    *,
    pool_size: int = 10,
    max_overflow: int = 10,
    pool_timeout_s: float = 10,
    statement_timeout_ms: int = 30_000,
    lock_timeout_ms: int = 5_000,
    idle_in_transaction_timeout_ms: int = 60_000,
    application_name: str = "",
    recycle_s: int = 300,
) -> AsyncEngine:
    """Return an async engine whose connections carry their own limits.

    Args:
        url: `postgresql://…` (then with asyncpg), `postgresql+asyncpg://…` or `postgresql+psycopg://…`.
        pool_size: connections that stay open, per process.
        max_overflow: further connections, opened at a peak and closed after it.
        pool_timeout_s: how long a request waits for a connection before `sqlalchemy.exc.TimeoutError`, seconds.
        statement_timeout_ms: the server stops a statement that runs longer; 0: never.
        lock_timeout_ms: the server stops a statement that waits longer for a lock; 0: never.
        idle_in_transaction_timeout_ms: the server ends a session that idles longer inside a transaction; 0: never.
        application_name: how the app appears in `pg_stat_activity`; "": as the driver has it.
        recycle_s: a connection older than this is replaced when it is next taken, seconds.
    Raises: ValueError: the URL is not PostgreSQL's, or names another driver.
    """
    address = _with_driver(make_url(url))
    settings = {
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(lock_timeout_ms),
        "idle_in_transaction_session_timeout": str(idle_in_transaction_timeout_ms),
    }
    if application_name:
        settings["application_name"] = application_name
    return create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout_s,
        pool_recycle=recycle_s,
        # A connection that the server or a firewall has dropped is replaced, not handed out.
        pool_pre_ping=True,
        connect_args=_connect_arguments(address.get_driver_name(), settings),
    )


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+asyncpg")
    if url.get_backend_name() != "postgresql" or url.get_driver_name() not in _DRIVERS:
        raise ValueError(f"no driver for {url.drivername!r}; use postgresql+asyncpg or postgresql+psycopg")
    return url


def _connect_arguments(driver: str, settings: dict[str, str]) -> dict[str, Any]:
    if driver == "asyncpg":
        return {"server_settings": settings}
    return {"options": " ".join(f"-c {name}={_escape(value)}" for name, value in settings.items())}


def _escape(value: str) -> str:
    """Escape a value for libpq's `options`, where spaces part the settings."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
