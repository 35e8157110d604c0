"""Engines with the limits that keep one slow statement, or one process too many, from taking the whole app down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import sqlalchemy
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pgwright_runtime.pools.budget import OnExcess, PoolBudget
from pgwright_runtime.pools.fork import dispose_after_fork
from pgwright_runtime.pools.pooler import Pooler, apply_limits, connect_arguments
from pgwright_runtime.pools.watched import AsyncWatchedPool, WatchedPool

_DEFAULT_SIZE = 10


def create_engine(
    url: str | URL,
    *,
    pool_size: int | None = None,
    max_overflow: int | None = None,
    pool_timeout_s: float = 10,
    statement_timeout_ms: int | None = 30_000,
    lock_timeout_ms: int | None = 5_000,
    idle_in_transaction_timeout_ms: int | None = 60_000,
    application_name: str = "",
    recycle_s: int = 300,
    budget: PoolBudget | None = None,
    on_excess: OnExcess = "raise",
    pooler: Pooler | None = None,
) -> AsyncEngine:
    """Return an async engine whose connections carry their own limits.

    Args:
        url: `postgresql://…` (then with asyncpg), `postgresql+asyncpg://…` or `postgresql+psycopg://…`.
        pool_size: connections that stay open, per process; None: the budget's, or 10.
        max_overflow: further connections, opened at a peak and closed after it; None: the budget's, or 10.
        pool_timeout_s: how long a request waits for a connection before `sqlalchemy.exc.TimeoutError`, seconds.
        statement_timeout_ms: the server stops a statement that runs longer; 0: never; None: as the role has it.
        lock_timeout_ms: the server stops a statement that waits longer for a lock; 0: never; None: as the role has it.
        idle_in_transaction_timeout_ms: the server ends a session that idles longer inside a transaction; 0: never;
            None: as the role has it.
        application_name: how the app appears in `pg_stat_activity`; "": as the driver has it.
        recycle_s: a connection older than this is replaced when it is next taken, seconds.
        budget: what all processes may open together; pool_size and max_overflow come from it, or are checked by it.
        on_excess: what is done when that is too much, "raise" or "warn".
        pooler: PgBouncer's `pool_mode` when it, or a pooler like it, stands before the server: "session" or
            "transaction"; "none"; None: the budget's, or "none". In transaction mode no statement is prepared by name,
            and the timeouts are set by `SET LOCAL` at the begin of each transaction: not for statements in
            autocommit, where only `ALTER ROLE … SET statement_timeout` holds.
    Raises:
        ValueError: the URL is not PostgreSQL's, or names another driver; the pooler is unknown.
        PoolOverBudget: the pools would be over the budget, and on_excess is "raise".
    """
    plan = _plan(
        url,
        ("asyncpg", "psycopg"),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout_s=pool_timeout_s,
        recycle_s=recycle_s,
        budget=budget,
        on_excess=on_excess,
        pooler=pooler,
        application_name=application_name,
        limits={
            "statement_timeout": statement_timeout_ms,
            "lock_timeout": lock_timeout_ms,
            "idle_in_transaction_session_timeout": idle_in_transaction_timeout_ms,
        },
    )
    engine = create_async_engine(plan.url, poolclass=AsyncWatchedPool, **plan.arguments)
    plan.complete(engine.sync_engine)
    return engine


def create_sync_engine(
    url: str | URL,
    *,
    pool_size: int | None = None,
    max_overflow: int | None = None,
    pool_timeout_s: float = 10,
    statement_timeout_ms: int | None = 30_000,
    lock_timeout_ms: int | None = 5_000,
    idle_in_transaction_timeout_ms: int | None = 60_000,
    application_name: str = "",
    recycle_s: int = 300,
    budget: PoolBudget | None = None,
    on_excess: OnExcess = "raise",
    pooler: Pooler | None = None,
) -> Engine:
    """Return an engine with psycopg, for `postgresql://…` or `postgresql+psycopg://…`; see `create_engine`."""
    plan = _plan(
        url,
        ("psycopg",),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout_s=pool_timeout_s,
        recycle_s=recycle_s,
        budget=budget,
        on_excess=on_excess,
        pooler=pooler,
        application_name=application_name,
        limits={
            "statement_timeout": statement_timeout_ms,
            "lock_timeout": lock_timeout_ms,
            "idle_in_transaction_session_timeout": idle_in_transaction_timeout_ms,
        },
    )
    engine = sqlalchemy.create_engine(plan.url, poolclass=WatchedPool, **plan.arguments)
    plan.complete(engine)
    return engine


@dataclass(frozen=True)
class _Plan:
    """What both kinds of engine have in common."""

    url: URL
    pooler: Pooler
    limits: dict[str, int]
    arguments: dict[str, Any]

    def complete(self, engine: Engine) -> None:
        apply_limits(engine, self.url.get_driver_name(), self.pooler, self.limits)
        dispose_after_fork(engine)


def _plan(
    url: str | URL,
    drivers: tuple[str, ...],
    *,
    pool_size: int | None,
    max_overflow: int | None,
    pool_timeout_s: float,
    recycle_s: int,
    budget: PoolBudget | None,
    on_excess: OnExcess,
    pooler: Pooler | None,
    application_name: str,
    limits: dict[str, int | None],
) -> _Plan:
    address = _with_driver(make_url(url), drivers)
    pooler = _agreed_pooler(pooler, budget)
    if budget is not None:
        budget.check(pool_size, max_overflow, on_excess=on_excess)
    wanted = {name: milliseconds for name, milliseconds in limits.items() if milliseconds is not None}
    arguments = {
        "pool_size": pool_size if pool_size is not None else budget.pool_size if budget else _DEFAULT_SIZE,
        "max_overflow": max_overflow if max_overflow is not None else budget.max_overflow if budget else _DEFAULT_SIZE,
        "pool_timeout": pool_timeout_s,
        "pool_recycle": recycle_s,
        # A connection that the server or a firewall has dropped is replaced, not handed out.
        "pool_pre_ping": True,
        "connect_args": connect_arguments(address.get_driver_name(), pooler, wanted, application_name),
    }
    return _Plan(address, pooler, wanted, arguments)


def _with_driver(url: URL, drivers: tuple[str, ...]) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername=f"postgresql+{drivers[0]}")
    if url.get_backend_name() != "postgresql" or url.get_driver_name() not in drivers:
        known = " or ".join(f"postgresql+{driver}" for driver in drivers)
        raise ValueError(f"no driver for {url.drivername!r}; use {known}")
    return url


def _agreed_pooler(pooler: Pooler | None, budget: PoolBudget | None) -> Pooler:
    if pooler not in (None, *get_args(Pooler)):
        raise ValueError(f"unknown pooler {pooler!r}; use one of {', '.join(get_args(Pooler))}")
    if pooler and budget and pooler != budget.pooler:
        raise ValueError(f"pooler is {pooler!r}, and the budget's is {budget.pooler!r}; state it once")
    return pooler or (budget.pooler if budget else "none")
