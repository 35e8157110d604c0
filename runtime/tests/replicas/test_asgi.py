"""FastAPI on a primary and a replica: what one request writes, the next one reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import Depends, FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.replicas import AsyncReplicas, ReadYourWritesMiddleware, Replicas
from pgwright_runtime.replicas.tokens import Token, encode
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    SyncEngines,
    engines,
    primary,
    replay_paused,
    replica,
    sync_engines,
)

__all__ = ["engines", "primary", "replica", "sync_engines"]  # fixtures


def create_app(replicas: AsyncReplicas, header: str | None = None) -> FastAPI:
    app = FastAPI()
    db, read_db = Depends(replicas.get_db), Depends(replicas.get_read_db)
    app.add_middleware(
        ReadYourWritesMiddleware,
        replicas=replicas,
        cookie=None if header else "read_your_writes",
        header=header,
    )

    @app.post("/notes")
    async def add(text: str, session: AsyncSession = db) -> int:
        session.add(note := Note(text=text))
        await session.commit()
        return note.id

    @app.get("/notes/{key}")
    async def get(key: int, session: AsyncSession = read_db) -> dict[str, object]:
        note = await session.get(Note, key)
        if note is None:
            raise HTTPException(404)
        return {"text": note.text, "on_primary": not await session.scalar(select(func.pg_is_in_recovery()))}

    return app


def create_sync_app(replicas: Replicas) -> FastAPI:
    app = FastAPI()
    db, read_db = Depends(replicas.get_db), Depends(replicas.get_read_db)
    app.add_middleware(ReadYourWritesMiddleware, replicas=replicas)

    @app.post("/notes")
    def add(text: str, session: Session = db, others: Session = read_db) -> tuple[int, bool]:
        session.add(note := Note(text=text))
        session.commit()
        return note.id, others.get(Note, note.id) is not None

    @app.get("/notes/{key}")
    def get(key: int, session: Session = read_db) -> tuple[str | None, bool]:
        note = session.get(Note, key)
        return note.text if note else None, not session.scalar(select(func.pg_is_in_recovery()))

    return app


@asynccontextmanager
async def client(replicas: AsyncReplicas | Replicas, header: str | None = None) -> AsyncIterator[AsyncClient]:
    app = create_app(replicas, header) if isinstance(replicas, AsyncReplicas) else create_sync_app(replicas)
    async with AsyncClient(transport=ASGITransport(app), base_url="https://app.example") as client:
        yield client


async def test_the_next_request_reads_what_this_one_wrote(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=5) as replicas, client(replicas) as one, client(replicas) as other:
        with replay_paused(replica):
            response = await one.post("/notes", params={"text": "mine"})
            cookie = response.headers["set-cookie"]
            path = f"/notes/{response.json()}"
            assert (await one.get(path)).json() == {"text": "mine", "on_primary": True}
            assert (await other.get(path)).status_code == 404
            assert (await other.get("/notes/1")).json() == {"text": "the first", "on_primary": False}
        replica.catch_up()
        await asyncio.sleep(0.3)
        response = await one.get(path)
        assert response.json() == {"text": "mine", "on_primary": False}
    assert "set-cookie" not in response.headers
    assert cookie.endswith("; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_endpoints_that_are_no_coroutines_read_what_they_wrote(
    sync_engines: SyncEngines, replica: Replica
) -> None:
    with sync_engines.replicas(wait_ms=5) as replicas:
        async with client(replicas) as one, client(replicas) as other:
            with replay_paused(replica):
                response = await one.post("/notes", params={"text": "mine"})
                key, is_seen = response.json()
                assert is_seen
                assert list(response.cookies) == ["read_your_writes"]
                assert (await one.get(f"/notes/{key}")).json() == ["mine", True]
                assert (await other.get(f"/notes/{key}")).json() == [None, False]
            replica.catch_up()
            await asyncio.sleep(0.3)
            assert (await one.get(f"/notes/{key}")).json() == ["mine", False]


async def test_a_header_serves_clients_without_cookies(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=5) as replicas, client(replicas, "X-Read-Your-Writes") as http:
        with replay_paused(replica):
            response = await http.post("/notes", params={"text": "mine"})
            token = {"X-Read-Your-Writes": response.headers["x-read-your-writes"]}
            path = f"/notes/{response.json()}"
            assert (await http.get(path)).status_code == 404
            assert (await http.get(path, headers=token)).json()["on_primary"]
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("token", ["", "forged", "é" * 98, "a" * 98, encode(Token(1, 2**40), b"another secret!!")])
async def test_a_token_that_was_not_made_here_costs_only_time(engines: Engines, token: str) -> None:
    async with engines.replicas() as replicas, client(replicas) as http:
        cookie = b"x=1; read_your_writes=" + token.encode("latin-1")
        response = await http.get("/notes/1", headers={b"Cookie": cookie})
        assert (response.status_code, response.json()["on_primary"]) == (200, True)
        # Its owner may have written just before the secret changed.
        assert (await http.get("/notes/1")).json()["on_primary"]
    assert "read_your_writes=" in response.headers["set-cookie"]


async def test_a_token_past_its_time_is_as_none(engines: Engines) -> None:
    async with engines.replicas() as replicas, client(replicas) as http:
        cookie = f"read_your_writes={encode(Token(2**63, 1), SECRET)}"
        response = await http.get("/notes/1", headers={"Cookie": cookie})
    assert response.json() == {"text": "the first", "on_primary": False}


async def test_concurrent_requests_keep_their_writes_apart(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=0) as replicas, client(replicas) as http:
        with replay_paused(replica):
            posts = [http.post("/notes", params={"text": str(number)}) for number in range(5)]
            gets = [http.get("/notes/1") for _ in range(5)]
            responses = await asyncio.gather(*posts, *gets)
    assert all("set-cookie" in response.headers for response in responses[:5])
    assert not any("set-cookie" in response.headers for response in responses[5:])
    assert not any(response.json()["on_primary"] for response in responses[5:])


async def test_without_a_lifespan_the_first_read_starts_the_watch(engines: Engines) -> None:
    replicas = engines.replicas()
    async with client(replicas) as http:
        responses = await asyncio.gather(*(http.get("/notes/1") for _ in range(5)))
    assert [response.json()["on_primary"] for response in responses] == [False] * 5
    await replicas.stop()


def test_a_token_needs_something_to_travel_in(engines: Engines) -> None:
    with pytest.raises(ValueError, match="a cookie or a header"):
        ReadYourWritesMiddleware(FastAPI(), engines.replicas(), cookie=None)
