"""What a limit lets through that four processes share, and what counting costs a request.

Two kinds of traffic: four times the limit all the time; and a burst late in a window, with more in the middle of the
next one, where a counter that weighs the last window as a whole takes the burst for old.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, in_turn, shown
from query_bars.scale import scaled
from redis import Redis

from chat_bars.limits_worker import STORES, Traffic, store_of
from chat_bars.valkey import ValkeyProcess, run_valkey
from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime.limits import Limit, Limiter, LimitMiddleware, by_address

LIMIT = 5_000
WINDOW_S = scaled(60, least=10)
SHORT_S = 10
PROCESSES = 4
REQUESTS = scaled(2_000, least=200)
_ROOT = Path(__file__).parents[2]
# Until the processes have started.
_AHEAD_S = 4.0


def measure() -> Iterator[Figure]:
    yield from _steady()
    for name in STORES:
        yield from _late(name)
    yield from asyncio.run(_costs())


def _steady() -> Iterator[Figure]:
    """The bar: N, give or take 1 %, whichever window one looks at, and all along."""
    with run_valkey() as valkey:
        traffic = Traffic("ours", LIMIT, WINDOW_S, 2 * WINDOW_S, "steady")
        taken, sent = _run(valkey, traffic)
        key = f"{LIMIT:,} in {WINDOW_S} s, four processes"
        both = len(taken) / (2 * LIMIT)
        yield shown(f"{key}: requests sent", sent, "")
        yield at_most(f"{key}: let through in the fullest window, of N", _most(taken, WINDOW_S) / LIMIT, "", 1.01)
        yield shown(f"{key}: let through in the emptiest window, of N", _least(taken, traffic) / LIMIT, "")
        yield at_least(f"{key}: let through in two windows, of 2 N", both, "", 0.99)
        yield at_most(f"{key}: the same", both, "", 1.01)
        yield shown(f"{key}: µs of the server a request", _server_us(valkey, sent), "µs")
        yield shown(f"{key}: what a key takes", _key_bytes(valkey), "bytes")


def _late(name: str) -> Iterator[Figure]:
    with run_valkey() as valkey:
        taken, sent = _run(valkey, Traffic(name, LIMIT, SHORT_S, 2 * SHORT_S, "late"))
        ratio = _most(taken, SHORT_S) / LIMIT
        what = f"{name}: fullest window of {SHORT_S} s after a late burst, of N"
        yield at_most(what, ratio, "", 1.01) if name == "ours" else shown(what, ratio, "")
        yield shown(f"{name}: µs of the server a request", _server_us(valkey, sent), "µs")
        yield shown(f"{name}: what a key takes", _key_bytes(valkey), "bytes")


def _run(valkey: ValkeyProcess, traffic: Traffic) -> tuple[list[float], int]:
    """Return when requests were let through, in seconds from the start, and how many were sent."""
    start = time.monotonic() + _AHEAD_S
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "chat_bars.limits_worker", valkey.url, str(start), traffic.as_json()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [_ROOT / "bench", *sys.path]))},
            stdout=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    told = [json.loads(worker.communicate()[0]) for worker in workers]
    return sorted(moment for each in told for moment in each["taken"]), sum(each["sent"] for each in told)


def _most(taken: list[float], window_s: float) -> int:
    return max(place + 1 - bisect_left(taken, moment - window_s) for place, moment in enumerate(taken))


def _least(taken: list[float], traffic: Traffic) -> int:
    """Return what the emptiest window holds: such a one begins just after a request, or at the start."""
    starts = [0.0, *(moment for moment in taken if moment + traffic.window_s <= traffic.duration_s)]
    return min(bisect_right(taken, start + traffic.window_s) - bisect_right(taken, start) for start in starts)


def _server_us(valkey: ValkeyProcess, sent: int) -> float:
    """Return the time of the server's thread for all that a request asks, its header fields included."""
    with Redis.from_url(valkey.url) as client:
        ran = client.info("commandstats")["cmdstat_evalsha"]
    return float(ran["usec"]) / sent


def _key_bytes(valkey: ValkeyProcess) -> int:
    with Redis.from_url(valkey.url) as client:
        return sum(client.memory_usage(key) or 0 for key in client.scan_iter())


async def _costs() -> Iterator[Figure]:
    rules = [
        Limit(requests=10**9, seconds=60, by=by_address(["10.0.0.0/8"]), name="address"),
        Limit(requests=10**9, seconds=60, by=lambda scope: "tenant", name="tenant"),
    ]
    with run_valkey() as valkey:
        in_process, shared = Limiter(*rules), Limiter(*rules, store=store_of("ours", valkey.url), time_limit_s=5)
        apps: list[ASGIApp] = [_app, LimitMiddleware(_app, in_process), LimitMiddleware(_app, shared)]
        plain, local, remote = await in_turn([lambda app=app: _requests(app) for app in apps], 7)  # type: ignore[misc]
        await shared.aclose()
    return iter([
        at_most("in-process, two rules: more for a request", 1e6 * (local - plain) / REQUESTS, "µs", 100),
        shown("Valkey, two rules, one after the other: more for a request", 1e6 * (remote - plain) / REQUESTS, "µs"),
    ])  # fmt: skip


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _requests(app: ASGIApp) -> None:
    headers = [(b"host", b"app.example"), (b"x-forwarded-for", b"203.0.113.7, 10.0.0.2")]

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        """Nobody listens."""

    for _ in range(REQUESTS):
        await app({"type": "http", "client": ("10.0.0.9", 1), "headers": headers}, receive, send)
