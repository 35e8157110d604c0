"""One of the processes that share a limit: sends requests, and tells which were let through when."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Literal

from limits.aio.storage import RedisStorage

from pgwright_runtime._asgi import Scope
from pgwright_runtime.limits import CountStore, LibraryCounts, Limit, Limiter, RedisCounts

STORES = ("ours", "limits, moving window", "limits, sliding-window counter")
# Requests under way in a process, and how often it sends against the limit, all processes together.
_TASKS, _TIMES = 4, 4
_PROCESSES = 4
# When a late burst begins, as a share of the window that one request began.
_LATE = 0.5


@dataclass(frozen=True)
class Traffic:
    store: str
    limit: int
    window_s: int
    duration_s: float
    kind: Literal["steady", "late"]

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def store_of(name: str, url: str) -> CountStore:
    if name == "ours":
        return RedisCounts(url)
    storage = RedisStorage(f"async+{url}", implementation="redispy")
    return LibraryCounts(storage, strategy="sliding-window-counter" if name.endswith("counter") else "moving-window")


async def send(url: str, start: float, traffic: Traffic) -> dict[str, object]:
    rule = Limit(requests=traffic.limit, seconds=traffic.window_s, by=lambda scope: "all", name="all")
    limiter = Limiter(rule, store=store_of(traffic.store, url), when_lost="closed", time_limit_s=10)
    taken, sent = list[float](), 0
    scope: Scope = {"type": "http"}
    pause_s = _PROCESSES * _TASKS * traffic.window_s / (_TIMES * traffic.limit)

    async def client() -> None:
        nonlocal sent
        due = start
        while (due := max(due + pause_s, time.monotonic())) < start + traffic.duration_s:
            await asyncio.sleep(due - time.monotonic())
            sent += 1
            if (await limiter.decide(scope)).is_allowed:
                taken.append(time.monotonic() - start)

    await asyncio.sleep(start - time.monotonic())
    if traffic.kind == "late":
        await limiter.decide(scope)
        await asyncio.sleep(_LATE * traffic.window_s)
    await asyncio.gather(*(client() for _ in range(_TASKS)))
    await limiter.aclose()
    return {"taken": taken, "sent": sent}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(send(sys.argv[1], float(sys.argv[2]), Traffic(**json.loads(sys.argv[3]))))))
