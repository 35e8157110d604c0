"""System B's claims: how much faster an answer is whose vector, or which itself, is cached; and what a log saves."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator
from itertools import count, islice

from query_bars.figures import Figure, at_least, shown
from query_bars.scale import scaled

from chat.after.app import create_app
from chat.after.settings import Settings
from chat_bars import questions
from chat_bars.chat_app import NOBODYS_LIMIT
from chat_bars.chat_clients import ChatVisitor
from chat_bars.chat_site import ChatSite, run_site
from tests.support.chat_clients import CountedEmbeddings, Streamed, client_of

ROUNDS = max(5, scaled(40))
ASKS, ASKS_A_CHANGE = scaled(5_000), 100
_CHANGE = "UPDATE passages SET position = position WHERE id = (SELECT min(id) FROM passages)"
# A new table is cached 4 s after the first process has named it.
_ANNOUNCED_S = 5.0


def measure() -> Iterator[Figure]:
    with run_site() as site:
        with site.serving(is_slow=True) as port:
            plain, vector, answer = asyncio.run(_times(site, port))
        yield shown("an answer without a cache", 1_000 * plain, "ms")
        yield shown("one whose vector is cached", 1_000 * vector, "ms")
        yield shown("one that is cached", 1_000 * answer, "ms")
        yield at_least("faster by the cached answer, share of the time", 1 - answer / plain, "", 0.96)
        yield at_least("faster by the cached vector, share of the time", 1 - vector / plain, "", 0.75)
        calls = asyncio.run(_replayed(site))
        yield at_least("calls of the model that a log of questions saves, share", 1 - calls / ASKS, "", 0.6)
        asked = [*islice(questions.log(1), ASKS)]
        yield shown("questions of the log that are asked once, share", _once(asked), "")


async def _times(site: ChatSite, port: int) -> tuple[float, float, float]:
    """Return the medians of an answer without a cache, with its vector cached, and cached itself; taken in turn."""
    visitor, numbers = ChatVisitor(port), count()
    await visitor.open()
    await visitor.ask("What is VACUUM?")
    await asyncio.sleep(_ANNOUNCED_S)
    taken: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        question = f"What is VACUUM, number {next(numbers)}?"
        taken[0].append((await visitor.ask(question)).seconds)
        site.execute(_CHANGE)
        await asyncio.sleep(0.2)  # the trigger's message comes meanwhile
        taken[1].append((await visitor.ask(question)).seconds)
        taken[2].append((await visitor.ask(question)).seconds)
    if any(each.status != 200 for each in visitor.asked):
        raise RuntimeError("a question was not answered")
    visitor.close()
    plain, vector, answer = map(statistics.median, taken)
    return plain, vector, answer


async def _replayed(site: ChatSite) -> int:
    """Return how often the model is asked in a log during which documents change, again and again."""
    embeddings = CountedEmbeddings()
    settings = Settings(site.url, site.valkey.url, asks_a_minute=NOBODYS_LIMIT, posts_a_minute=NOBODYS_LIMIT)
    async with client_of(create_app(settings, embeddings=embeddings)) as client:
        for number, question in enumerate(islice(questions.log(1), ASKS)):
            if number % ASKS_A_CHANGE == 0:
                site.execute(_CHANGE)
            if not Streamed.of(await client.ask(question)).is_done:
                raise RuntimeError("a question was not answered")
    return len(embeddings.asked)


def _once(asked: list[str]) -> float:
    kinds = [question.strip(" ?").lower() for question in asked]
    return sum(kinds.count(kind) == 1 for kind in set(kinds)) / len(kinds)
