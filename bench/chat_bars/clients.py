"""10 and 200 visitors at the same time, and visitors who ask more than they may."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from chat_bars import questions
from chat_bars.chat_clients import Asked, ChatVisitor
from chat_bars.chat_site import run_site

FEW, MANY = 10, 200
ROUNDS, ROUND_S = 5, max(1, scaled(8))
ASKS_A_MINUTE = 20
GREEDY, MODEST = 5, 10
_WARM_S = 12.0


def measure() -> Iterator[Figure]:
    with run_site() as site:
        with site.serving() as port:
            rates, failed = asyncio.run(_rates(port))
        few, many = (statistics.median(rates[number]) for number in (FEW, MANY))
        yield shown(f"questions answered with {FEW} visitors", few, "/s")
        yield shown(f"with {MANY}", many, "/s")
        yield at_least("ratio", many / few, "", 0.95)
        yield at_most("questions without an answer", failed, "", 0)
        with site.serving(asks=ASKS_A_MINUTE) as port:
            greedy, modest = asyncio.run(_over_the_limit(port))
    refused = [each for each in greedy if each.status != 200]
    proper = sum(each.status == 429 and each.has_retry_after for each in refused)
    yield shown("questions over the limit", len(refused), "")
    yield at_least("share of these that is 429 with Retry-After", proper / max(1, len(refused)), "", 1)
    yield at_most(
        "answered to a visitor in a minute, of the limit", (len(greedy) - len(refused)) / GREEDY / ASKS_A_MINUTE, "", 1
    )
    yield at_most("meanwhile of others: without an answer", sum(each.status != 200 for each in modest), "", 0)
    yield shown("meanwhile of others: median", 1_000 * statistics.median(each.seconds for each in modest), "ms")


async def _rates(port: int) -> tuple[dict[int, list[float]], int]:
    """Return the questions answered in a second, by the number of visitors, in turn; and those that were not."""
    visitors = [ChatVisitor(port) for _ in range(MANY)]
    for visitor in visitors:
        await visitor.open()
    log = questions.log(2)
    await _round(visitors[:FEW], log, _WARM_S)
    rates: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(ROUNDS):
        for number, of_number in rates.items():
            of_number.append(await _round(visitors[:number], log, ROUND_S))
    failed = sum(each.status != 200 for visitor in visitors for each in visitor.asked)
    for visitor in visitors:
        visitor.close()
    return rates, failed


async def _round(visitors: Sequence[ChatVisitor], log: Iterator[str], seconds: float) -> float:
    began = time.monotonic()

    async def go_on(visitor: ChatVisitor) -> int:
        answered = 0
        while time.monotonic() < began + seconds:
            answered += (await visitor.ask(next(log))).status == 200
        return answered

    answered = sum(await asyncio.gather(*map(go_on, visitors)))
    return answered / (time.monotonic() - began)


async def _over_the_limit(port: int) -> tuple[list[Asked], list[Asked]]:
    """Let some visitors ask as fast as they can within less than a minute, and others now and then."""
    greedy, modest = ([ChatVisitor(port) for _ in range(number)] for number in (GREEDY, MODEST))
    for visitor in (*greedy, *modest):
        await visitor.open()
    log, began = questions.log(3), time.monotonic()
    seconds = max(2, scaled(20))

    async def now_and_then(visitor: ChatVisitor) -> None:
        for _ in range(10):
            await visitor.ask(next(log))
            await asyncio.sleep(seconds / 10)

    await asyncio.gather(
        *(visitor.go_on(log, lambda: time.monotonic() > began + seconds) for visitor in greedy),
        *map(now_and_then, modest),
    )
    for visitor in modest:
        visitor.close()
    return [each for visitor in greedy for each in visitor.asked], [
        each for visitor in modest for each in visitor.asked
    ]
