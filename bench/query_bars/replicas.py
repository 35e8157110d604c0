"""What routing adds to a read, and what clients notice when the replica is killed: on a real streaming replica."""

from __future__ import annotations

import asyncio
import random
import signal
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import Depends, FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient, Response
from replica_servers import Engines, Note, Replica, connect, run_primary, run_replica
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pgwright.runtime.replicas import ReadYourWritesMiddleware, Replicas, RoutingMetrics
from query_bars.figures import Figure, at_least, at_most, shown

READS = 4_000
RATE = 200
SECONDS, KILLED_AT, RESTARTED_AT = 30, 10, 20
WRITES_EVERY = 10
HEADER = "X-Read-Your-Writes"


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the figures; the scale of the fleet plays no part."""
    with run_primary() as primary, run_replica(primary) as replica:
        async with connect(primary, replica.server, "asyncpg") as engines:
            async for figure in _routing(engines):
                yield figure
        async with connect(primary, replica.server, "asyncpg") as engines:
            async for figure in _replica_killed(engines, replica):
                yield figure


async def _routing(engines: Engines) -> AsyncIterator[Figure]:
    """Compare with a session that is bound to the replica's engine: the same pool, the same connection."""
    async with engines.replicas() as replicas:
        with replicas.caller():
            async with replicas.session() as session:
                session.add(Note(text="replayed long ago"))
                await session.commit()
            token = replicas.token() or ""
        await asyncio.sleep(1)

        async def plain() -> None:
            async with AsyncSession(engines.replica, expire_on_commit=False) as session:
                await session.scalar(_ONE_NOTE)

        async def routed() -> None:
            async with replicas.read_session() as session:
                await session.scalar(_ONE_NOTE)

        async def with_token() -> None:
            with replicas.caller(token):  # as the middleware does
                await routed()
                replicas.token()

        taken: list[list[float]] = [[], [], []]
        ways, shuffle = list(zip((plain, routed, with_token), taken, strict=True)), random.Random(0).shuffle
        for _ in range(READS):
            # None has the same one before it each time.
            shuffle(ways)
            for read, seconds in ways:
                started = time.perf_counter()
                await read()
                seconds.append(time.perf_counter() - started)
        on_primary = sum(replicas.metrics().reads_on_primary.values())
    median = [statistics.median(seconds[READS // 10 :]) * 1e6 for seconds in taken]
    yield shown("a session on the replica's engine and one SELECT", median[0], "µs")
    yield at_most("routing adds to that", median[1] - median[0], "µs", 50)
    yield shown("routing and the token of a client that wrote add to that", median[2] - median[0], "µs")
    yield at_most("reads of these that went to the primary", on_primary, "", 0)


@dataclass
class Clients:
    """What all clients together saw."""

    seconds: list[float] = field(default_factory=list)
    failed_reads: list[str] = field(default_factory=list)
    failed_writes: list[str] = field(default_factory=list)
    stale_reads: list[str] = field(default_factory=list)

    async def ask(self, client: AsyncClient, number: int) -> None:
        """Send one request; every tenth client writes, and then reads that back with the token it got."""
        if number % WRITES_EVERY:
            await self._read(client, "/notes/1", "the first")
            return
        text = f"of client {number}"
        wrote = await self._timed(client, "POST", "/notes", self.failed_writes, params={"text": text})
        if wrote is not None:
            await self._read(client, f"/notes/{wrote.json()}", text, {HEADER: wrote.headers[HEADER]})

    async def _read(self, client: AsyncClient, path: str, text: str, headers: dict[str, str] | None = None) -> None:
        answer = await self._timed(client, "GET", path, self.failed_reads, headers=headers or {})
        if answer is not None and answer.json() != text:
            self.stale_reads.append(f"{path}: {answer.json()!r} in place of {text!r}")

    async def _timed(
        self, client: AsyncClient, method: str, path: str, failures: list[str], **options: dict[str, str]
    ) -> Response | None:
        started = time.perf_counter()
        try:
            response = await client.request(method, path, **options)  # type: ignore[arg-type]
            response.raise_for_status()
        except Exception as error:  # noqa: BLE001  (whatever the client gets in place of an answer)
            failures.append(f"{type(error).__name__}: {error}")
            return None
        self.seconds.append(time.perf_counter() - started)
        return response


async def _replica_killed(engines: Engines, replica: Replica) -> AsyncIterator[Figure]:
    clients, tasks = Clients(), list[asyncio.Task[None]]()
    async with engines.replicas(wait_ms=50) as replicas, _client(replicas) as client:
        marks = asyncio.create_task(_kill_and_restart(replicas, replica))
        started = time.perf_counter()
        for number in range(RATE * SECONDS):
            # Open loop: the next client comes in time, whether the others have their answers or not.
            await asyncio.sleep(started + number / RATE - time.perf_counter())
            tasks.append(asyncio.create_task(clients.ask(client, number)))
        await asyncio.gather(*tasks)
        elapsed = time.perf_counter() - started
        before, down, up = await marks
        after = replicas.metrics()
    for what in (clients.failed_reads, clients.stale_reads, clients.failed_writes):
        for message in what[:5]:
            print(f"    {message}")
    ordered = sorted(clients.seconds)
    yield at_least("clients a second", len(tasks) / elapsed, "/s", 190)
    yield shown("requests answered", len(ordered), "")
    yield at_most("reads failed, replica killed under load", len(clients.failed_reads), "", 0)
    yield at_most("reads stale after the client's own write", len(clients.stale_reads), "", 0)
    yield at_most("writes failed", len(clients.failed_writes), "", 0)
    yield shown("reads repeated on the primary", after.failovers, "")
    yield shown("median of a request", statistics.median(ordered) * 1_000, "ms")
    yield shown("99th percentile of a request", ordered[len(ordered) * 99 // 100] * 1_000, "ms")
    yield shown("slowest request", ordered[-1] * 1_000, "ms")
    for name, first, last in (
        ("before the kill", None, before),
        ("while it is down", before, down),
        ("after", up, after),
    ):
        yield shown(f"share of reads on the replica, {name}", _share(first, last), "")


async def _kill_and_restart(
    replicas: Replicas, replica: Replica
) -> tuple[RoutingMetrics, RoutingMetrics, RoutingMetrics]:
    """Return the counters before the kill, before the restart, and when the replica takes connections again."""
    await asyncio.sleep(KILLED_AT)
    before = replicas.metrics()
    await replica.kill(signal.SIGKILL)
    await asyncio.sleep(RESTARTED_AT - KILLED_AT)
    down = replicas.metrics()
    await replica.start_again()
    return before, down, replicas.metrics()


def _share(first: RoutingMetrics | None, last: RoutingMetrics) -> float:
    """Return the share of reads that a replica answered between two moments."""
    on_replica = last.reads_on_replica - (first.reads_on_replica if first else 0)
    on_primary = sum(last.reads_on_primary.values()) - (sum(first.reads_on_primary.values()) if first else 0)
    return on_replica / max(on_replica + on_primary, 1)


@asynccontextmanager
async def _client(replicas: Replicas) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.add_middleware(ReadYourWritesMiddleware, replicas=replicas, cookie=None, header=HEADER)

    database, read_database = Depends(replicas.get_db), Depends(replicas.get_read_db)

    @app.post("/notes")
    async def add(text: str, session: AsyncSession = database) -> int:
        session.add(note := Note(text=text))
        await session.commit()
        return note.id

    @app.get("/notes/{key}")
    async def get(key: int, session: AsyncSession = read_database) -> str:
        note = await session.get(Note, key)
        if note is None:
            raise HTTPException(404)
        return note.text

    async with AsyncClient(transport=ASGITransport(app), base_url="http://app") as client:
        yield client


_ONE_NOTE = select(Note).where(Note.id == 1)
