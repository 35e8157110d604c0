"""Answers a question: its vector, the passages near that, and what they say; each kept until it would be another."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from chat.after.models import Document, Passage
from chat.answers import COMPOSER, PASSAGES, Answer, Found, compose
from chat.embeddings import DIMENSIONS, Embeddings
from pgwright_runtime.caching import Cache, Lifetimes, pydantic
from pgwright_runtime.limits import Bulkhead

HOUR_S = 3_600
# What was not found may be asked again in other words, or be there after the next ingestion from elsewhere.
NOTHING_FOUND_S = 60


class Assistant:
    """Answers from the documents.

    Args:
        sessions: on an engine that the cache watches.
        cache: keeps answers for an hour, or until a document changes, and vectors for a day.
        embeddings: the model.
        bulkhead: how many questions are answered anew at the same time; others find theirs in the cache meanwhile.
    """

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], cache: Cache, embeddings: Embeddings, bulkhead: Bulkhead
    ) -> None:
        self.model = embeddings.model
        self._sessions, self._embeddings, self._bulkhead = sessions, embeddings, bulkhead
        self.embed = cache.embeddings(model=self.model, dimensions=DIMENSIONS)(self._embed)
        self.answer = cache.answers(
            reads=[Document, Passage],
            version=f"{self.model}, composer {COMPOSER}",
            lifetimes=Lifetimes(HOUR_S, none_ttl_s=NOTHING_FOUND_S),
            codec=pydantic(Answer | None),
        )(self._answer)

    async def _embed(self, text: str) -> Sequence[float]:
        return await self._embeddings.embed(text)

    async def _answer(self, question: str) -> Answer | None:
        async with self._bulkhead:
            embedding = await self.embed(" ".join(question.split()))
            async with self._sessions() as session:
                found = await search(session, embedding)
        return compose(question, found)


async def search(session: AsyncSession, embedding: Sequence[float]) -> list[Found]:
    """Return the passages nearest to a vector, the nearest first; approximately, by their index."""
    distance = Passage.embedding.cosine_distance(embedding).label("distance")
    nearest = select(Passage, distance).order_by(distance).limit(PASSAGES).subquery()
    columns = nearest.c
    query = (
        select(columns.id, Document.title, Document.url, columns.heading, columns.content, columns.distance)
        .join(Document, Document.id == columns.document_id)
        .order_by(columns.distance)
    )
    return [Found(*row) for row in await session.execute(query)]
