"""An app's load in a process of its own: asyncpg, transactions at a steady rate, whether or not the last one ended."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
from psycopg.conninfo import conninfo_to_dict

RATE = 200
"""Transactions per second."""
CONNECTIONS = 12
ACCOUNTS, NOTES = 2_000, 60_000
_READ = "SELECT id, title FROM note WHERE account_id = $1 ORDER BY id DESC LIMIT 20"
_ADD = "INSERT INTO note (account_id, title) VALUES ($1, 'new')"
_COUNT = "UPDATE account SET notes = notes + 1 WHERE id = $1"


@contextmanager
def running(dsn: str) -> Iterator[dict[str, float]]:
    """Run the load inside the block; afterwards what it gives has `done`, `failed` and `seconds`."""
    command = [sys.executable, "-m", "migration_bars.runner_load", dsn]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told: dict[str, float] = {}
    try:
        assert process.stdout.readline() == "ready\n"
        yield told
        process.stdin.close()
        done, failed, seconds = process.stdout.readline().split()
        told.update(done=float(done), failed=float(failed), seconds=float(seconds))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def _main(dsn: str) -> None:
    given = conninfo_to_dict(dsn)
    pool = await asyncpg.create_pool(
        host=given["host"], port=given.get("port"), user=given["user"], database=given["dbname"],
        password=given.get("password"), min_size=CONNECTIONS, max_size=CONNECTIONS,
        server_settings={"application_name": "app"},
        # A column that came or went makes a cached plan fail once, which is the driver's affair, not the lock's.
        statement_cache_size=0,
    )  # fmt: skip
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    tasks: set[asyncio.Task[None]] = set()
    counts = {"done": 0, "failed": 0}
    started = due = time.monotonic()
    while not ended.done():
        task = asyncio.create_task(_transaction(pool, counts))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += 1 / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    seconds = time.monotonic() - started
    await asyncio.gather(*tasks)
    await pool.close()
    print(counts["done"], counts["failed"], seconds, flush=True)


async def _transaction(pool: asyncpg.Pool, counts: dict[str, int]) -> None:
    account = random.randint(1, ACCOUNTS)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(_READ, account)
            if random.random() < 0.3:
                await connection.execute(_ADD, account)
                await connection.execute(_COUNT, account)
    except asyncpg.PostgresError:
        counts["failed"] += 1
    else:
        counts["done"] += 1


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
