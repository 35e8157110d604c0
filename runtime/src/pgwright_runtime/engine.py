"""Engines with the limits that keep one slow statement, or one process too many, from taking the whole app down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import sqlalchemy
from sqlalchemy import URL, Engine, make_url

from pgwright_runtime.pools.budget import PoolBudget
from pgwright_runtime.pools.fork import dispose_after_fork
from pgwright_runtime.pools.pooler import Pooler, apply_limits, connect_arguments, merge_arguments
from pgwright_runtime.pools.watched import AsyncWatchedPool, WatchedPool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_DEFAULT_SIZE = 10
_SET_HERE = {
    "pool_timeout": "give timeouts=Timeouts(pool_s=…)",
    "pool_recycle": "give timeouts=Timeouts(recycle_s=…)",
    "pool_pre_ping": "it is always on",
    "poolclass": "the pool is one that the finder of leaks and the metrics can watch",
    "pool": "the pool is one that the finder of leaks and the metrics can watch",
    "creator": "a connection has to carry its limits; give connect_args",
    "async_creator": "a connection has to carry its limits; give connect_args",
}
"""SQLAlchemy's options that nobody else sets, and what to do."""


@dataclass(frozen=True)
class Timeouts:
    """How long what may take; of the server's three, 0 means without limit, and None leaves the role's setting."""

    statement_ms: int | None = 30_000
    """The server stops a statement that runs longer (`statement_timeout`), milliseconds."""
    lock_ms: int | None = 5_000
    """The server stops a statement that waits longer for a lock (`lock_timeout`), milliseconds."""
    idle_in_transaction_ms: int | None = 60_000
    """The server ends a session that idles longer in a transaction (`idle_in_transaction_session_timeout`), ms."""
    pool_s: float = 10
    """A request waits no longer for a connection, then gets `sqlalchemy.exc.TimeoutError` (`pool_timeout`), seconds."""
    recycle_s: int = 300
    """A connection older than this is replaced when it is next taken (`pool_recycle`), seconds."""

    def of_server(self) -> dict[str, int]:
        """Return the server's settings, in milliseconds."""
        settings = {
            "statement_timeout": self.statement_ms,
            "lock_timeout": self.lock_ms,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_ms,
        }
        return {name: milliseconds for name, milliseconds in settings.items() if milliseconds is not None}


_DEFAULT_TIMEOUTS = Timeouts()


def create_engine(
    url: str | URL,
    *,
    pool_size: int | None = None,
    max_overflow: int | None = None,
    budget: PoolBudget | None = None,
    pooler: Pooler | None = None,
    timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    application_name: str = "",
    **options: Any,
) -> Engine:
    """Return an engine whose connections carry their own limits.

    Args:
        url: `postgresql://…` or `postgresql+psycopg://…`.
        pool_size: connections that stay open, per process; None: the budget's, or 10.
        max_overflow: further connections, opened at a peak and closed after it; None: the budget's, or 10.
        budget: what all processes may open together; pool_size and max_overflow come from it, or are checked by it.
        pooler: PgBouncer's `pool_mode` when it, or a pooler like it, stands before the server: "session" or
            "transaction"; "none"; None: the budget's, or "none". In transaction mode no statement is prepared by name,
            and the timeouts are set by `SET LOCAL` at the begin of each transaction: not for statements in
            autocommit, where only `ALTER ROLE … SET statement_timeout` holds.
        timeouts: of statements, locks, transactions and the pool.
        application_name: how the app appears in `pg_stat_activity`; "": as the driver has it.
        options: SQLAlchemy's own, as `echo` or `json_serializer`; the driver's, as `connect_args`, join ours.
    Raises:
        ValueError: the URL is not PostgreSQL's, or names another driver; the pooler is unknown; an option is one that
            is set here.
        PoolOverBudget: the pools would be over the budget, and the budget's `on_excess` is "raise".
    """
    address = _with_driver(url, "psycopg")
    plan = _plan(address, pool_size, max_overflow, budget, pooler, timeouts, application_name, options)
    engine = sqlalchemy.create_engine(address, poolclass=WatchedPool, **plan.arguments)
    plan.complete(engine)
    return engine


def create_async_engine(
    url: str | URL,
    *,
    pool_size: int | None = None,
    max_overflow: int | None = None,
    budget: PoolBudget | None = None,
    pooler: Pooler | None = None,
    timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    application_name: str = "",
    **options: Any,
) -> AsyncEngine:
    """Return an async engine whose connections carry their own limits.

    Args: those of `create_engine`; a `postgresql://…` is connected with asyncpg, and `postgresql+asyncpg://…` and
        `postgresql+psycopg://…` as they say.
    Raises: as `create_engine`.
    """
    from sqlalchemy.ext import asyncio  # it loads the ORM, a third of SQLAlchemy's import

    address = _with_driver(url, "asyncpg", "psycopg")
    plan = _plan(address, pool_size, max_overflow, budget, pooler, timeouts, application_name, options)
    engine = asyncio.create_async_engine(address, poolclass=AsyncWatchedPool, **plan.arguments)
    plan.complete(engine.sync_engine)
    return engine


@dataclass(frozen=True)
class _Plan:
    """What both kinds of engine have in common."""

    driver: str
    pooler: Pooler
    limits: dict[str, int]
    arguments: dict[str, Any]

    def complete(self, engine: Engine) -> None:
        apply_limits(engine, self.driver, self.pooler, self.limits)
        dispose_after_fork(engine)


def _plan(
    address: URL,
    pool_size: int | None,
    max_overflow: int | None,
    budget: PoolBudget | None,
    pooler: Pooler | None,
    timeouts: Timeouts,
    application_name: str,
    options: dict[str, Any],
) -> _Plan:
    for name in options.keys() & _SET_HERE.keys():
        raise ValueError(f"{name} is set here: {_SET_HERE[name]}")
    driver = address.get_driver_name()
    pooler = _agreed_pooler(pooler, budget)
    if budget is not None:
        budget.check(pool_size, max_overflow)
    limits = timeouts.of_server()
    settings = {*limits, "application_name"} if application_name else limits.keys()
    own = connect_arguments(driver, pooler, limits, application_name)
    arguments = {
        **options,
        "pool_size": pool_size if pool_size is not None else budget.pool_size if budget else _DEFAULT_SIZE,
        "max_overflow": max_overflow if max_overflow is not None else budget.max_overflow if budget else _DEFAULT_SIZE,
        "pool_timeout": timeouts.pool_s,
        "pool_recycle": timeouts.recycle_s,
        # A connection that the server or a firewall has dropped is replaced, not handed out.
        "pool_pre_ping": True,
        "connect_args": merge_arguments(own, options.get("connect_args", {}), settings),
    }
    return _Plan(driver, pooler, limits, arguments)


def _with_driver(url: str | URL, *drivers: str) -> URL:
    address = make_url(url)
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername=f"postgresql+{drivers[0]}")
    if address.get_backend_name() != "postgresql" or address.get_driver_name() not in drivers:
        known = " or ".join(f"postgresql+{driver}" for driver in drivers)
        raise ValueError(f"no driver for {address.drivername!r}; use {known}")
    return address


def _agreed_pooler(pooler: Pooler | None, budget: PoolBudget | None) -> Pooler:
    if pooler not in (None, *get_args(Pooler)):
        raise ValueError(f"unknown pooler {pooler!r}; use one of {', '.join(get_args(Pooler))}")
    if pooler and budget and pooler != budget.pooler:
        raise ValueError(f"pooler is {pooler!r}, and the budget's is {budget.pooler!r}; state it once")
    return pooler or (budget.pooler if budget else "none")
