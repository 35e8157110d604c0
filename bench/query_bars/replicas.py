"""What routing adds to a read, and what clients notice when the replica is killed: on a real streaming replica."""

from __future__ import annotations

import asyncio
import random
import signal
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import Depends, FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.replicas import AsyncReplicas, ReadYourWritesMiddleware, RoutingMetrics
from pgwright_runtime.replicas.tokens import Token, decode, encode
from query_bars.figures import Figure, at_least, at_most, shown
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    SyncEngines,
    connect,
    connect_sync,
    run_primary,
    run_replica,
)

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
        with connect_sync(primary, replica.server) as sync_engines:
            async for figure in _routing_sync(sync_engines):
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
            token = replicas.token()
        await asyncio.sleep(1)
        assert token is not None
        own = decode(token, SECRET)
        # Each is another client's, and verified for the first time.
        tokens = iter([encode(Token(own.lsn, own.until + number), SECRET) for number in range(READS)])

        async def plain() -> None:
            async with AsyncSession(engines.replica, expire_on_commit=False) as session:
                await session.scalar(_ONE_NOTE)

        async def routed() -> None:
            async with replicas.read_session() as session:
                await session.scalar(_ONE_NOTE)

        async def with_token(token: str = token) -> None:
            with replicas.caller(token):  # as the middleware does
                await routed()
                replicas.token()

        async def with_new_token() -> None:
            await with_token(next(tokens))

        alone, *added = await _medians(plain, routed, with_token, with_new_token)
        on_primary = sum(replicas.metrics().reads_on_primary.values())
    yield shown("a session on the replica's engine and one SELECT", alone, "µs")
    yield at_most("routing adds to that", added[0] - alone, "µs", 50)
    yield at_most("routing and a token that this process saw before add", added[1] - alone, "µs", 50)
    yield shown("routing and a token that it did not see before add", added[2] - alone, "µs")
    yield at_most("reads of these that went to the primary", on_primary, "", 0)


async def _routing_sync(engines: SyncEngines) -> AsyncIterator[Figure]:
    """Compare sync sessions in the same way."""
    with engines.replicas() as replicas:

        async def plain() -> None:
            with Session(engines.replica, expire_on_commit=False) as session:
                session.scalar(_ONE_NOTE)

        async def routed() -> None:
            with replicas.read_session() as session:
                session.scalar(_ONE_NOTE)

        alone, added = await _medians(plain, routed)
        on_primary = sum(replicas.metrics().reads_on_primary.values())
    yield shown("a sync session on the replica's engine and one SELECT", alone, "µs")
    yield at_most("routing adds to that, sync", added - alone, "µs", 50)
    yield at_most("sync reads of these that went to the primary", on_primary, "", 0)


async def _medians(*ways: Callable[[], Awaitable[None]]) -> list[float]:
    """Return how long each takes, microseconds; they run in turn, none with the same one before it each time."""
    taken: dict[Callable[[], Awaitable[None]], list[float]] = {way: [] for way in ways}
    order, shuffle = list(ways), random.Random(0).shuffle
    for _ in range(READS):
        shuffle(order)
        for way in order:
            started = time.perf_counter()
            await way()
            taken[way].append(time.perf_counter() - started)
    return [statistics.median(taken[way][READS // 10 :]) * 1e6 for way in ways]


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
    replicas: AsyncReplicas, replica: Replica
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
async def _client(replicas: AsyncReplicas) -> AsyncIterator[AsyncClient]:
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
