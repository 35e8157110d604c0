"""Valkey is killed three times under load, and then slow: what visitors of the chat notice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from chat_bars import questions
from chat_bars.chat_clients import Asked, ChatVisitor
from chat_bars.chat_site import ChatSite, run_site
from tests.support.proxy import Proxy, run_proxy

VISITORS = 10
KILLS, DOWN_S, UP_S = 3, 2.0, max(2, scaled(6))
SLOW_S, SLOW_FOR_S = 2.0, max(3, scaled(20))
WARM_S = 12.0
# Of a read of the cache and of a count of the limiter: RedisStore's and Limiter's own.
TIME_LIMIT_S = 0.1 + 0.05


def measure() -> Iterator[Figure]:
    with run_site() as site, run_proxy(site.valkey.port) as proxy, site.serving(redis_url=_url(proxy)) as port:
        phases = asyncio.run(_phases(site, proxy, port))
    quiet_p99 = _p99(phases["quiet"])
    yield shown("quiet: 99th percentile", 1_000 * quiet_p99, "ms")
    for name in ("killed three times", "slowed by 2 s"):
        asked = phases[name]
        yield shown(f"{name}: questions", len(asked), "")
        yield at_most(f"{name}: without an answer", sum(each.status != 200 for each in asked), "", 0)
        bar = 1_000 * (quiet_p99 + TIME_LIMIT_S)
        yield at_most(f"{name}: 99th percentile, quiet and the time limits", 1_000 * _p99(asked), "ms", round(bar, 1))
        yield shown(f"{name}: the slowest", 1_000 * max(each.seconds for each in asked), "ms")
    before, after = len(phases["quiet"]) / WARM_S, len(phases["back"]) / WARM_S
    yield at_least("back: questions a second, of those before", after / before, "", 0.8)


def _url(proxy: Proxy) -> str:
    return f"redis://127.0.0.1:{proxy.port}/0"


async def _phases(site: ChatSite, proxy: Proxy, port: int) -> dict[str, list[Asked]]:
    """Return what was asked while Valkey was well, was killed again and again, was slow, and was well again."""
    visitors = [ChatVisitor(port) for _ in range(VISITORS)]
    for visitor in visitors:
        await visitor.open()
    log, is_over = questions.log(4), asyncio.Event()
    load = asyncio.gather(*(visitor.go_on(log, is_over.is_set) for visitor in visitors))
    await asyncio.sleep(WARM_S)
    marks = [time.monotonic()]
    await asyncio.sleep(WARM_S)
    marks.append(time.monotonic())
    for _ in range(KILLS):
        await asyncio.to_thread(site.valkey.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(site.valkey.start)
        await asyncio.sleep(UP_S)
    marks.append(time.monotonic())
    proxy.delay_s = SLOW_S
    await asyncio.sleep(SLOW_FOR_S)
    proxy.delay_s = 0.0
    marks.append(time.monotonic())
    await asyncio.sleep(WARM_S)  # until values are there again
    marks.append(time.monotonic())
    await asyncio.sleep(WARM_S)
    marks.append(time.monotonic())
    is_over.set()
    await load
    asked = [each for visitor in visitors for each in visitor.asked]
    names = ("quiet", "killed three times", "slowed by 2 s", "settling", "back")
    return {
        name: [each for each in asked if start < each.ended <= end]
        for name, (start, end) in zip(names, pairwise(marks), strict=True)
    }


def _p99(asked: Sequence[Asked]) -> float:
    return sorted(each.seconds for each in asked)[len(asked) * 99 // 100]
