"""PostgreSQL is killed under load and is back after five seconds: what clients of an app with a breaker notice."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from query_bars.figures import Figure, at_least, at_most, shown

from chat_bars.outage_clients import Answer, Clients
from runtime.tests.support.mortal_server import MortalServer, run_mortal_server

_ROOT = Path(__file__).parents[2]
DRIVERS = ("asyncpg", "psycopg")
BEFORE_S, DOWN_S, AFTER_S = 4.0, 5.0, 5.0
_START_S = 30.0


@dataclass(frozen=True)
class _Marks:
    killed: float
    back: float
    """It answers again: what it takes to recover is not the app's."""


def measure() -> Iterator[Figure]:
    for driver in DRIVERS:
        with run_mortal_server(max_connections="40") as mortal:
            with mortal.server.admin() as admin:
                admin.execute(b"CREATE TABLE messages (key bigint PRIMARY KEY)")
            with _serving(mortal, driver) as port:
                clients = Clients(port)
                marks = asyncio.run(_outage(mortal, clients))
            with mortal.server.admin() as admin:
                kept = {int(row[0]) for row in admin.execute(b"SELECT key FROM messages")}
        yield from _figures(driver, clients.answers, marks, kept)
        meanwhile = [each.seconds for each in clients.controls if marks.killed < each.ended < marks.back]
        yield shown(f"{driver}: 99th percentile of answers to nothing, meanwhile", _p99_ms(meanwhile), "ms")


def _figures(driver: str, answers: Sequence[Answer], marks: _Marks, kept: set[int]) -> Iterator[Figure]:
    during = [each for each in answers if each.ended > marks.killed]
    opened = min((each.ended for each in during if each.state == "open"), default=float("inf"))
    # What was under way at the kill was not rejected, but lost.
    rejected = [each for each in during if each.status != 200 and each.began >= opened and each.ended <= marks.back]
    failed = [each for each in during if each.status != 200]
    full = max((each.ended for each in failed), default=marks.back)
    proper = sum(each.status == 503 and each.has_retry_after for each in rejected)
    lost = {each.key for each in answers if each.status == 200} - kept
    refused_but_done = {each.key for each in answers if each.status == 503} & kept
    before = [each.seconds for each in answers if each.ended < marks.killed and each.status == 200]
    seconds = [each.seconds for each in rejected] or [float("inf")]

    yield at_most(f"{driver}: open after the kill", opened - marks.killed, "s", 1)
    yield shown(f"{driver}: requests that began while it was open", len(rejected), "")
    yield at_most(f"{driver}: 99th percentile of these", _p99_ms(seconds), "ms", 50)
    yield shown(f"{driver}: the slowest of these", 1_000 * max(seconds), "ms")
    yield at_least(f"{driver}: share of these that is 503 with Retry-After", proper / max(1, len(rejected)), "", 1)
    yield at_most(f"{driver}: last answer other than 200 after the server was back", full - marks.back, "s", 2)
    yield at_most(f"{driver}: rows acknowledged and lost", len(lost), "", 0)
    yield at_most(f"{driver}: rows refused by 503 and there", len(refused_but_done), "", 0)
    yield shown(f"{driver}: rows acknowledged", len({each.key for each in answers if each.status == 200}), "")
    yield shown(f"{driver}: answers of another kind in all, outcome unknown", _count(answers, 500), "")
    yield at_most(f"{driver}: requests without an answer", _count(answers, 0), "", 0)
    yield shown(f"{driver}: median of an answer before the kill", 1_000 * statistics.median(before), "ms")


def _p99_ms(seconds: Sequence[float]) -> float:
    return 1_000 * sorted(seconds)[len(seconds) * 99 // 100]


def _count(answers: Sequence[Answer], status: int) -> int:
    return sum(each.status == status for each in answers)


async def _outage(mortal: MortalServer, clients: Clients) -> _Marks:
    load = asyncio.create_task(clients.run())
    await asyncio.sleep(BEFORE_S)
    killed = time.monotonic()
    await asyncio.to_thread(mortal.kill)
    await asyncio.sleep(killed + DOWN_S - time.monotonic())
    await asyncio.to_thread(mortal.start)
    back = time.monotonic()
    await asyncio.sleep(AFTER_S)
    clients.end()
    await load
    return _Marks(killed, back)


@contextmanager
def _serving(mortal: MortalServer, driver: str) -> Iterator[int]:
    """Run the app under uvicorn, in a process of its own; gives its port."""
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    own = {"OUTAGE_URL": mortal.server.url("postgres", driver)}
    paths = os.pathsep.join(map(str, [_ROOT / "bench", *sys.path]))
    app = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "chat_bars.outage_app:app", "--port", str(port), "--log-level", "warning",
         "--lifespan", "off"],
        env={**os.environ, **own, "PYTHONPATH": paths},
    )  # fmt: skip
    try:
        _wait_for(port)
        yield port
    finally:
        app.terminate()
        app.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the app did not start within {_START_S:g} s")
        time.sleep(0.02)
