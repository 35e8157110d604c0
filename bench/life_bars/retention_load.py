"""An application's load in a process of its own: requests at a steady rate, whether or not the last one has ended.

A request's time counts from when it was due, so that one that had to wait is not counted as fast.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg  # type: ignore[import-untyped]
from psycopg.conninfo import conninfo_to_dict

from life_bars.retention_schema import ACCOUNTS_EVERY

RATE = 100
CONNECTIONS = 8
_LIST = """
    SELECT e.id, e.kind, e.created_at, l.name FROM (
        SELECT id, kind, created_at FROM event WHERE account_id = $1 AND deleted_at IS NULL
        ORDER BY created_at DESC LIMIT 20) e
    LEFT JOIN event_label l ON l.event_id = e.id
"""
_ADD = (
    "INSERT INTO event (account_id, kind, payload, created_at) VALUES ($1, 'new', repeat('x', 200), now()) RETURNING id"
)
_LABEL = "INSERT INTO event_label VALUES ($1, 'new')"
_CHANGE = """
    UPDATE event SET kind = 'changed' WHERE id = (
        SELECT id FROM event WHERE account_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 1)
"""


@dataclass
class Load:
    process: subprocess.Popen[bytes]
    told: Path

    @classmethod
    @contextmanager
    def running(cls, dsn: str, rows: int) -> Iterator[Self]:
        with tempfile.TemporaryDirectory(prefix="pgwright-") as folder:
            told = Path(folder, "latencies.json")
            command = [sys.executable, "-m", "life_bars.retention_load", dsn, str(rows), str(told)]
            place = str(Path(__file__).parents[1])
            process = subprocess.Popen(command, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                yield cls(process, told)
            finally:
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        pipe.close()

    def window(self, seconds: float) -> tuple[float, float]:
        """Let it run for a while; return when."""
        start = time.monotonic()
        time.sleep(seconds)
        return start, time.monotonic()

    @contextmanager
    def noting(self) -> Iterator[tuple[float, float]]:
        """Note when the block ran, in what it gives: a list in the shape of a tuple, filled at its end."""
        window = [time.monotonic(), 0.0]
        yield window  # type: ignore[misc]
        window[1] = time.monotonic()

    def stop(self) -> list[tuple[float, float]]:
        """End it; return when each request was due, and the seconds from then to its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        return [(at, took) for at, took in json.loads(self.told.read_text())]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def _request(pool: asyncpg.Pool, account: int, number: int) -> None:
    async with pool.acquire() as connection:
        if number % 10 == 0:
            async with connection.transaction():
                event = await connection.fetchval(_ADD, account)
                await connection.execute(_LABEL, event)
        elif number % 10 == 5:
            await connection.execute(_CHANGE, account)
        else:
            await connection.fetch(_LIST, account)


async def _main(dsn: str, rows: int, told: Path) -> None:
    known = conninfo_to_dict(dsn)
    place = {"host": known["host"], "port": int(known["port"] or 5432), "user": known["user"]}
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)))
    latencies: list[tuple[float, float]] = []
    chance = random.Random(1)
    async with asyncpg.create_pool(
        **place, database=known["dbname"], min_size=CONNECTIONS, max_size=CONNECTIONS
    ) as pool, asyncio.TaskGroup() as tasks:  # fmt: skip

        async def timed(at: float, number: int) -> None:
            await _request(pool, chance.randrange(rows // ACCOUNTS_EVERY + 1), number)
            latencies.append((at, time.monotonic() - at))

        print("ready", flush=True)
        due, number = time.monotonic(), 0
        while not ended.is_set():
            due += chance.expovariate(RATE)
            number += 1
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            tasks.create_task(timed(due, number))
    told.write_text(json.dumps(latencies))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
