"""What the web app works with: one pool, one cache, limits and breakers, each made once and closed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from chat.address import to_url
from chat.after.assistant import Assistant
from chat.after.models import Document, Passage
from chat.after.settings import Settings
from chat.embeddings import Embeddings
from chat.web import session_id_of
from pgwright_runtime import create_async_engine
from pgwright_runtime.caching import Cache, MemoryStore, RedisStore
from pgwright_runtime.limits import Bulkhead, Limit, Limiter, RedisCounts, by_address
from pgwright_runtime.paging import Pager
from pgwright_runtime.pools import PoolMetrics, StatementMetrics
from pgwright_runtime.resilience import Breaker

NAMESPACE = "chat"
_QUEUE, _WAIT_S = 200, 5.0


@dataclass(frozen=True)
class Services:
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    cache: Cache
    limiter: Limiter
    database: Breaker
    assistant: Assistant
    pager: Pager
    registry: CollectorRegistry

    def start(self) -> None:
        """Hear what `chat.ingest` stores; called in the running event loop."""
        self.cache.listen(self.engine, Document, Passage)

    async def aclose(self) -> None:
        await self.cache.aclose()
        await self.limiter.aclose()
        await self.engine.dispose()


def open_services(settings: Settings, embeddings: Embeddings) -> Services:
    """Return them for one process; nothing is connected before it is used."""
    registry = CollectorRegistry()
    engine = create_async_engine(
        to_url(settings.database_url, "asyncpg"),
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        application_name="chat",
    )
    PoolMetrics(engine, name="chat", registry=registry)
    StatementMetrics(engine, name="chat", registry=registry)
    database = Breaker("database", registry=registry)
    database.protect(engine)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    url = settings.redis_url
    cache = Cache(RedisStore(url, namespace=NAMESPACE) if url else MemoryStore(), registry=registry)
    cache.watch(engine)
    limiter = Limiter(
        Limit(name="visitor", requests=settings.asks_a_minute, seconds=60, by=_visitor),
        Limit(name="address", requests=settings.posts_a_minute, seconds=60, by=_address(settings)),
        store=RedisCounts(url, namespace=NAMESPACE) if url else None,
        processes=settings.processes,
        registry=registry,
    )
    places = Bulkhead(settings.answered_at_once, queue=_QUEUE, wait_s=_WAIT_S, name="answers", registry=registry)
    assistant = Assistant(sessions, cache, embeddings, places)
    pager = Pager(secret=settings.secret)
    return Services(engine, sessions, cache, limiter, database, assistant, pager, registry)


def _visitor(scope: Any) -> str | None:
    """Return whose question it is; None: it is none."""
    if scope["path"] != "/ask":
        return None
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    return session_id_of(header.partition(" ")[2].strip())


def _address(settings: Settings) -> Callable[[Any], str | None]:
    client = by_address(settings.trusted_proxies)
    return lambda scope: client(scope) if scope["method"] == "POST" else None
