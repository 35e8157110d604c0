"""Soft delete: random queries judged by a database of the living alone, and what the hook costs a request.

Beside it sqlalchemy-easy-softdelete, with the same queries, in an environment of its own: it needs SQLAlchemy 2.0.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from notebook import data, schema
from notebook.after.models import Base
from notebook.app import create_app
from notebook.arguments import arguments
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_async_engine
from pgwright_runtime.soft_delete import SoftDelete, hide_deleted, show_deleted, soft_deletable
from runtime.tests.support.soft_delete_oracle import Hook, judging

QUERIES, QUERIES_OF_A_WORLD, PEER_WORLDS = scaled(5_000), 40, scaled(40)
PAIRS, REQUESTS, WARM = scaled(200, 5), 20, 50
NOTEBOOK_SCALE = 0.05
ROOT = Path(__file__).parents[2]
PEER = ROOT / "build" / "bench" / "soft_delete_peer"
PEER_PACKAGES = ("sqlalchemy==2.0.50", "sqlalchemy-easy-softdelete==0.9.1", "psycopg[binary]>=3.2", "greenlet")
PEER_SECONDS = 1_800


def measure() -> Iterator[Figure]:
    with run_server() as server:
        yield from _queries(server)
        yield from _peer(server)
        yield from asyncio.run(_overhead(server))


def _queries(server: EmbeddedServer) -> Iterator[Figure]:
    server.create_database("queries")
    wrong: Counter[str] = Counter()
    hook = Hook(SoftDelete, soft_deletable, hide_deleted, option=show_deleted())
    with judging(server.url("queries", "psycopg"), hook) as judge:
        seed = 0
        while judge.judged.total() < QUERIES:
            for failure in judge.failures(seed, QUERIES_OF_A_WORLD):
                wrong[failure.query.kind] += 1
                print(failure, flush=True)
            seed += 1
    yield shown("random worlds of models and rows", seed, "")
    for kind, count in sorted(judge.judged.items()):
        yield shown(f"queries, {kind}", count, "")
    yield shown("queries that SQLAlchemy or the server refuses without the hook, too", judge.invalid.total(), "")
    yield at_least("random queries judged", judge.judged.total(), "", QUERIES)
    yield at_most("random queries that show a deleted row or hide a living one", wrong.total(), "", 0)


def _peer(server: EmbeddedServer) -> Iterator[Figure]:
    server.create_database("peer")
    try:
        found = _ask_peer(server.url("peer", "psycopg"))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        print(f"  sqlalchemy-easy-softdelete is left out: {type(error).__name__}: {error}")
        return
    name = "sqlalchemy-easy-softdelete"
    for kind, count in sorted(found["judged"].items()):
        wrong, raised = found["wrong"].get(kind, 0), found["raised"].get(kind, 0)
        yield shown(f"{name}, {kind}: wrong or an error, of {count}", wrong + raised, "")
    judged = sum(found["judged"].values())
    yield shown(f"{name}: kinds of query that it gets wrong, of {len(found['judged'])}", len(found["wrong"]), "")
    yield shown(f"{name}: queries answered wrong, of {judged}", sum(found["wrong"].values()), "")
    yield shown(f"{name}: queries that end in an error, of {judged}", sum(found["raised"].values()), "")


def _ask_peer(url: str) -> dict[str, dict[str, int]]:
    python = PEER / "bin" / "python"
    if not python.exists():
        venv.create(PEER, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER_PACKAGES]
    subprocess.run(install, check=True, timeout=PEER_SECONDS, stderr=subprocess.DEVNULL)
    script = Path(__file__).with_name("soft_delete_peer.py")
    command = [str(python), "-W", "ignore", str(script), url, str(PEER_WORLDS), str(QUERIES_OF_A_WORLD)]
    done = subprocess.run(
        command, check=True, timeout=PEER_SECONDS, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found


async def _overhead(server: EmbeddedServer) -> list[Figure]:
    """Return what the hook adds to a request of the notebook app, where the app's own criteria stay on both sides.

    Deleted rows are purged first, so that both sides answer the same whatever criteria the app has. Two pairs are
    measured in turn: with the hook against without, and without against without, which is noise.
    """
    server.create_database("notebook")
    dsn = server.dsn("notebook")
    schema.upgrade(dsn, "0001")
    data.load(dsn, NOTEBOOK_SCALE)
    schema.upgrade(dsn)
    for table in Base.metadata.sorted_tables:
        soft_deletable(table)
    engine = create_async_engine(server.url("notebook"))
    try:
        async with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                await connection.execute(table.delete().where(table.c.deleted_at.is_not(None)))
        apps = [_app(engine), _app(engine), _app(hide_deleted(engine))]
        bodies = {await _list_notebooks(app) for app in apps for _ in range(WARM)}
        assert len(bodies) == 1, "the apps answer differently"
        plain, again, hidden = await _cpu_in_turn(apps)
    finally:
        await engine.dispose()
    noise, added = (
        statistics.median(one / other for one, other in zip(taken, plain, strict=True)) - 1 for taken in (again, hidden)
    )
    return [
        shown("CPU of a list request of the notebook app, criteria by hand", statistics.median(plain) * 1_000, "ms"),
        shown("CPU added by nothing, which is noise", noise, ""),
        at_most("CPU added by the hook to a list request, as a share", added, "", 0.03),
    ]


def _app(engine: AsyncEngine) -> FastAPI:
    app = create_app()
    app.state.engine, app.state.sessions = engine, async_sessionmaker(engine, expire_on_commit=False)
    return app


async def _cpu_in_turn(apps: list[FastAPI]) -> list[list[float]]:
    """Return the CPU seconds of a request in each round of each app; the rounds take turns in changing order."""
    seconds: list[list[float]] = [[] for _ in apps]
    order, shuffle = list(zip(apps, seconds, strict=True)), random.Random(0).shuffle
    for _ in range(PAIRS):
        shuffle(order)
        for app, taken in order:
            started = time.process_time()
            for _ in range(REQUESTS):
                await _list_notebooks(app)
            taken.append((time.process_time() - started) / REQUESTS)
    return seconds


_SCOPE: Mapping[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/notebooks",
    "raw_path": b"/notebooks",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"app"), (b"x-user-id", str(arguments(NOTEBOOK_SCALE).owner).encode())],
}


async def _list_notebooks(app: FastAPI) -> bytes:
    """Ask the app without a client, whose time would make the hook's share look smaller."""
    messages: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    await app({**_SCOPE}, receive, send)
    assert messages[0]["status"] == 200, messages
    return b"".join(message.get("body", b"") for message in messages[1:])


if __name__ == "__main__":
    sys.exit("run: python bench/life.py soft_delete")
