"""The chat app as the benches serve it: its models are as slow as system B's, and nobody's share is used up.

System B states 800 ms without a cache, 200 ms with the vector and 50 ms with the answer cached. So its model of
embeddings takes 600 ms, and what makes an answer of the passages 150 ms.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from fastapi import FastAPI

from chat.after import services
from chat.after.app import create_app
from chat.after.assistant import Assistant
from chat.after.settings import Settings
from chat.answers import Answer
from chat.embeddings import LocalEmbeddings

EMBEDDING_S, ANSWER_S = 0.6, 0.15
DATABASE, REDIS, IS_SLOW, ASKS = "BENCH_DATABASE", "BENCH_REDIS", "BENCH_SLOW", "BENCH_ASKS"
NOBODYS_LIMIT = 10**9


class SlowEmbeddings(LocalEmbeddings):
    """The local model, over a network that is as slow as system B's."""

    async def embed(self, text: str) -> Sequence[float]:
        await asyncio.sleep(EMBEDDING_S)
        return await super().embed(text)


class SlowAssistant(Assistant):
    """One whose answers are written by a model that is as slow as system B's."""

    async def _answer(self, question: str) -> Answer | None:
        answer = await super()._answer(question)
        await asyncio.sleep(ANSWER_S)
        return answer


def create() -> FastAPI:
    """Return the app as the environment says, for uvicorn."""
    is_slow = os.environ.get(IS_SLOW) == "yes"
    if is_slow:
        setattr(services, "Assistant", SlowAssistant)  # noqa: B010  (what it imports is not its to export)
    settings = Settings(
        os.environ[DATABASE],
        os.environ.get(REDIS),
        asks_a_minute=int(os.environ.get(ASKS, NOBODYS_LIMIT)),
        posts_a_minute=NOBODYS_LIMIT,
    )
    return create_app(settings, embeddings=SlowEmbeddings() if is_slow else LocalEmbeddings())
