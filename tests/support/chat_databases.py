"""The chat app's data at 1 %, with the glossary for documents: loaded once, copied for each test that changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from chat import data, schema
from chat.after.app import create_app as create_after
from chat.after.settings import Settings
from chat.before.app import create_app as create_before
from chat.ingest import GLOSSARY, ingest
from pgwright.embedded import EmbeddedServer
from tests.support.chat_clients import SCALE, UNTIL, ChatClient, CountedEmbeddings, client_of
from tests.support.database import Database


@contextmanager
def copy_of(server: EmbeddedServer, template: str) -> Iterator[Database]:
    name = f"c_{uuid4().hex[:12]}"
    server.create_database(name, template=template)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
def loaded(server: EmbeddedServer) -> Iterator[Database]:
    """At revision 0001, as loaded: for reading only."""
    with copy_of(server, "template1") as database:
        data.prepare(database.url(), SCALE, "0001", until=UNTIL)
        asyncio.run(ingest(database.url(), [GLOSSARY], CountedEmbeddings()))
        yield database


@pytest.fixture(scope="session")
def fixed(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """The same at the head revision: for reading only."""
    with copy_of(server, loaded.name) as database:
        schema.upgrade(database.url())
        database.execute("VACUUM ANALYZE")
        yield database


@pytest.fixture
def before_copy(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """A copy of `loaded` for one test."""
    with copy_of(server, loaded.name) as database:
        yield database


@pytest.fixture
def after_copy(server: EmbeddedServer, fixed: Database) -> Iterator[Database]:
    """A copy of `fixed` for one test."""
    with copy_of(server, fixed.name) as database:
        yield database


@pytest.fixture
def embeddings() -> CountedEmbeddings:
    return CountedEmbeddings()


@pytest.fixture
async def before_client(before_copy: Database, embeddings: CountedEmbeddings) -> AsyncIterator[ChatClient]:
    async with client_of(create_before(before_copy.url(), embeddings=embeddings, pool_size=2)) as client:
        yield client


@pytest.fixture
async def after_client(after_copy: Database, embeddings: CountedEmbeddings) -> AsyncIterator[ChatClient]:
    settings = Settings(after_copy.url(), pool_size=3, asks_a_minute=1_000, posts_a_minute=1_000)
    async with client_of(create_after(settings, embeddings=embeddings)) as client:
        yield client
