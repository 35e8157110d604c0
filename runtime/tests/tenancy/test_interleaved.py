"""Thousands of interleaved units of work of many tenants over three connections: none sees a row of another.

Directly and through a real PgBouncer in transaction mode, with errors, rollbacks, savepoints and cancellations between.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import exc, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from pgwright_runtime.tenancy import TenantMissing, for_tenants, tenant
from runtime.tests.support.tenancy_couriers import ROLE, Courier, app_url, make_couriers
from tests.support.database import Database

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
TENANTS = range(1, 21)
UNITS = 2_000
KINDS = ("read", "write", "roll back", "savepoint", "error", "cancel", "no tenant")
SEEN = select(Courier.organization_id).distinct()


@dataclass
class Run:
    """What the units of work saw."""

    strangers: list[object] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    written: Counter[int] = field(default_factory=Counter)


async def insert(connection: AsyncConnection, own: int) -> None:
    await connection.execute(text("INSERT INTO couriers (organization_id, status) VALUES (:own, 'free')"), {"own": own})


async def unit(engine: AsyncEngine, kind: str, own: int, run: Run) -> None:
    if kind == "no tenant":
        async with engine.connect() as connection:
            with pytest.raises(TenantMissing):
                await connection.execute(SEEN)
        return
    with tenant(own):
        async with engine.connect() as connection:
            run.strangers += [seen for seen in await connection.scalars(SEEN) if seen != own]
            if kind == "savepoint":
                async with connection.begin_nested() as savepoint:
                    await insert(connection, own)
                    await savepoint.rollback()
            elif kind == "error":
                with pytest.raises(exc.DBAPIError):
                    await connection.execute(text("SELECT 1 / 0"))
                await connection.rollback()
            elif kind == "cancel":
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.005):
                        await connection.execute(text("SELECT pg_sleep(10)"))
                return
            elif kind != "read":
                await insert(connection, own)
            run.strangers += [seen for seen in await connection.scalars(SEEN) if seen != own]
            if kind == "write":
                await connection.commit()
                run.written[own] += 1


async def interleave(engine: AsyncEngine, seed: int) -> Run:
    """Run the units of work by 30 tasks at a time, in an order that the seed decides."""
    chosen, run = random.Random(seed), Run()
    waiting = [(chosen.choices(KINDS, (30, 20, 15, 15, 10, 3, 7))[0], chosen.choice(TENANTS)) for _ in range(UNITS)]

    async def work() -> None:
        while waiting:
            kind, own = waiting.pop()
            await unit(engine, kind, own, run)
            run.done[kind] += 1

    await asyncio.gather(*(work() for _ in range(30)))
    return run


@pytest.fixture
def couriers(database: Database) -> Database:
    make_couriers(database)
    database.execute(
        "INSERT INTO couriers (organization_id, status) SELECT i % 20 + 1, 'free' FROM generate_series(1, 200) i"
    )
    return database


def check(run: Run, database: Database, before: dict[object, object]) -> None:
    assert run.strangers == []
    assert run.done.total() == UNITS
    assert set(run.done) == set(KINDS)
    after = counts(database)
    assert {own: int(str(after[own])) - int(str(before[own])) for own in TENANTS} == {
        own: run.written[own] for own in TENANTS
    }


def counts(database: Database) -> dict[object, object]:
    return {row[0]: row[1] for row in database.rows("SELECT organization_id, count(*) FROM couriers GROUP BY 1")}


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_no_unit_of_work_sees_another_tenant(couriers: Database, driver: str) -> None:
    engine = for_tenants(create_async_engine(app_url(couriers, driver), pool_size=3, max_overflow=0, pool_timeout=120))
    before = counts(couriers)
    run = await interleave(engine, seed=1)
    await engine.dispose()
    check(run, couriers, before)


@pytest.fixture
def pooler(couriers: Database, tmp_path: Path) -> Iterator[Path]:
    """Start PgBouncer in transaction mode with three server connections, and give the folder of its socket."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed. Run: apt-get install pgbouncer")
    folder = couriers.server.directory / f"pooler-{uuid4().hex[:8]}"
    folder.mkdir()
    (folder / "users.txt").write_text(f'"{ROLE}" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"""
        [databases]
        {couriers.name} = host={couriers.server.directory} dbname={couriers.name} user={ROLE}
        [pgbouncer]
        pool_mode = transaction
        default_pool_size = 3
        max_client_conn = 100
        listen_port = 6432
        unix_socket_dir = {folder}
        auth_type = any
        auth_file = {folder}/users.txt
        logfile = {folder}/log
        ignore_startup_parameters = extra_float_digits
        """.replace("        ", "")
    )
    user = couriers.server.user
    for path in (folder, *folder.iterdir()):
        if user is not None:
            shutil.chown(path, user, user)
    process = subprocess.Popen(
        [PGBOUNCER, "-q", str(folder / "pgbouncer.ini")], user=user, group=user, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 10
        while not (folder / ".s.PGSQL.6432").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "pgbouncer did not open its socket"
            time.sleep(0.02)
        yield folder
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


@pytest.fixture(params=["asyncpg", "psycopg"])
async def pooled(couriers: Database, pooler: Path, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    # A pooler in transaction mode keeps no prepared statement, so each is prepared without a name, or never.
    options = {
        "asyncpg": {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        },
        "psycopg": {"prepare_threshold": None},
    }
    url = f"postgresql+{request.param}://{ROLE}@/{couriers.name}?host={pooler}&port=6432"
    engine = create_async_engine(
        url, pool_size=12, max_overflow=0, pool_timeout=120, connect_args=options[request.param]
    )
    yield for_tenants(engine)
    await engine.dispose()


async def test_a_pooler_in_transaction_mode_mixes_no_tenants(couriers: Database, pooled: AsyncEngine) -> None:
    before = counts(couriers)
    run = await interleave(pooled, seed=2)
    check(run, couriers, before)
    with tenant(1):
        async with pooled.connect() as one, pooled.connect() as two:
            assert await one.scalar(text("SELECT inet_client_addr()")) is None
            assert await one.scalar(text("SELECT pg_backend_pid()")) != await two.scalar(
                text("SELECT pg_backend_pid()")
            )
    backends = couriers.rows(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{ROLE}'")
    assert backends < [(12,)]  # fewer than clients, so they were shared; one that was cancelled may still be ending
