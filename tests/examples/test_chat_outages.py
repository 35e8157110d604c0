"""The chat app while its database or its Valkey is away, comes back, or holds something else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from chat import schema
from chat.after.app import create_app
from chat.after.settings import Settings
from chat.ingest import GLOSSARY, ingest
from runtime.tests.support.mortal_server import MortalServer, run_mortal_server
from tests.support.chat_clients import QUESTION, ChatClient, CountedEmbeddings, Streamed, client_of
from tests.support.database import Database
from tests.support.proxy import run_proxy
from tests.support.valkey import run_broker

pytest_plugins = ["tests.support.chat_databases"]

NAME = "chat"
ELSEWHERE = {"Origin": "https://shop.example"}


@pytest.fixture
def mortal() -> Iterator[MortalServer]:
    """A server that is killed, with the glossary."""
    with run_mortal_server() as running:
        running.server.create_database(NAME)
        url = running.server.url(NAME)
        schema.upgrade(url)
        asyncio.run(ingest(url, [GLOSSARY], CountedEmbeddings()))
        yield running


def test_without_its_database_it_says_when_to_come_back_and_loses_nothing(mortal: MortalServer) -> None:
    asyncio.run(_outage(mortal))


async def _outage(mortal: MortalServer) -> None:
    async with client_of(create_app(Settings(mortal.server.url(NAME)), embeddings=CountedEmbeddings())) as client:
        own = uuid4()
        answer = Streamed.of(await client.ask(QUESTION, key=own))
        await asyncio.to_thread(mortal.kill)
        for _ in range(10):
            refused = await client.ask(QUESTION, headers=ELSEWHERE)
            assert (refused.status_code, int(refused.headers["Retry-After"]) >= 1) == (503, True)
            assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert (await client.get("/health")).json() == {"status": "unavailable", "database": "open"}
        await asyncio.to_thread(mortal.start)
        async with asyncio.timeout(20):
            while (again := await client.ask(QUESTION, key=own)).status_code == 503:
                await asyncio.sleep(0.1)
        assert Streamed.of(again).message == answer.message
        page = (await client.get("/history", params={"conversation": answer.conversation})).json()
        assert len(page["items"]) == 2


async def test_without_valkey_it_answers_all_the_same(after_copy: Database, embeddings: CountedEmbeddings) -> None:
    with run_broker() as broker:
        app = create_app(_settings(after_copy, broker.url), embeddings=embeddings)
        async with client_of(app) as client:
            await _until_cached(client, embeddings)
            broker.kill()
            embeddings.asked.clear()
            for _ in range(5):
                assert Streamed.of(await client.ask(QUESTION)).is_done
            assert len(embeddings.asked) == 5
            broker.start()
            await _until_cached(client, embeddings)


async def test_a_slow_valkey_slows_no_answer_for_longer_than_its_limit(
    after_copy: Database, embeddings: CountedEmbeddings
) -> None:
    with run_broker() as broker, run_proxy(broker.port) as proxy:
        through_it = _settings(after_copy, f"redis://127.0.0.1:{proxy.port}/0")
        app = create_app(through_it, embeddings=embeddings)
        async with client_of(app) as client:
            await _until_cached(client, embeddings)
            proxy.delay_s = 5.0
            async with asyncio.timeout(5):
                assert Streamed.of(await client.ask(QUESTION)).is_done
            proxy.delay_s = 0.0


async def test_what_else_stands_under_its_keys_is_not_taken_for_an_answer(
    after_copy: Database, embeddings: CountedEmbeddings
) -> None:
    with run_broker() as broker:
        app = create_app(_settings(after_copy, broker.url), embeddings=embeddings)
        async with client_of(app) as client:
            await _until_cached(client, embeddings)
            answer = Streamed.of(await client.ask(QUESTION))
            with Redis.from_url(broker.url) as redis:
                for name in redis.keys("*v:*"):
                    fields = redis.hgetall(name) if redis.type(name) == b"hash" else None
                    if fields is None:
                        redis.set(name, b'{"text": "<script>alert(1)</script>"}')
                    else:
                        redis.hset(name, mapping=dict.fromkeys(fields, b"\x01garbage"))
            again = Streamed.of(await client.ask(QUESTION))
            assert (again.text, again.citations) == (answer.text, answer.citations)


def _settings(database: Database, redis_url: str) -> Settings:
    return Settings(database.url(), redis_url, asks_a_minute=1_000, posts_a_minute=1_000)


async def _until_cached(client: ChatClient, embeddings: CountedEmbeddings) -> None:
    """Ask until the answer comes from the cache: processes tell each other first what they cache."""
    async with asyncio.timeout(30):
        while True:
            before = len(embeddings.asked)
            assert Streamed.of(await client.ask(QUESTION)).is_done
            if len(embeddings.asked) == before:
                return
            await asyncio.sleep(0.2)
