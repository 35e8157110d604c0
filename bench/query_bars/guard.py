"""What the guard costs: on a request of the notebook app, and on a single statement; beside it two other tools.

The variants of the app run in one process, on one engine, and take turns request by request, in changing order. What
the guard's listeners cost an app without a guard, for they are the whole process's, is measured apart and added.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy
from fastapi import FastAPI
from sqlalchemy import Connection, literal, select
from sqlalchemy.exc import SADeprecationWarning
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from notebook import data, schema
from notebook.app import create_app
from notebook.arguments import arguments
from pgwright.embedded import run_server
from pgwright_runtime import create_async_engine
from pgwright_runtime.guard import GuardMiddleware, QueryGuard
from query_bars.figures import Figure, at_most, shown

NOTEBOOK_SCALE = 0.05
ROUNDS, PEER_ROUNDS, WARM_ROUNDS = 3_000, 500, 50
BLOCKS, STATEMENTS = 300, 100
# Beside the environment, where queryspy would take part in every run of pytest.
PEERS = Path(__file__).parents[2] / "build" / "bench" / "peers"
PEER_PACKAGES = ("queryspy==0.6.0", "sqltap==0.3.11", "mako", "markupsafe", "werkzeug", "sqlparse")

_ONE = select(literal(1))
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


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the figures; the scale of the fleet plays no part."""
    idle_us, sample_us, all_us = _statements()
    yield shown("added to a statement that no unit watches", idle_us, "µs")
    yield at_most('added to a statement, mode "sample"', sample_us, "µs", 5)
    yield at_most('added to a statement, mode "sample" with share=1', all_us, "µs", 5)
    with run_server() as server:
        server.create_database("notebook")
        dsn = server.dsn("notebook")
        schema.upgrade(dsn, "0001")
        data.load(dsn, NOTEBOOK_SCALE)
        schema.upgrade(dsn)
        engines = [create_async_engine(server.url("notebook")) for _ in range(2)]
        try:
            async for figure in _requests(engines[0], idle_us / 1e6):
                yield figure
            async for figure in _peers(*engines):
                yield figure
        finally:
            for engine in engines:
                await engine.dispose()


async def _requests(engine: AsyncEngine, idle_s: float) -> AsyncIterator[Figure]:
    plain, again, sample, every, warn = await _in_turn(
        [
            _notebook(engine),
            _notebook(engine),
            _guarded(engine, mode="sample"),
            _guarded(engine, mode="sample", share=1),
            _guarded(engine, mode="warn"),
        ],
        ROUNDS,
    )
    # The request has one statement.
    plain -= idle_s
    yield shown("list request of the notebook app, no guard", plain * 1_000, "ms")
    yield shown("share added by no guard, once more: what is noise", (again - idle_s) / plain - 1, "")
    yield at_most('share added by mode "sample"', sample / plain - 1, "", 0.03)
    yield shown('share added by mode "sample" with share=1', every / plain - 1, "")
    yield at_most('share added by mode "warn"', warn / plain - 1, "", 0.10)


async def _peers(engine: AsyncEngine, another: AsyncEngine) -> AsyncIterator[Figure]:
    """Yield what the others add, each on the second engine, for sqltap's listeners stay there.

    What queryspy leaves behind in the classes of SQLAlchemy the app without a tool pays as well; it is little.
    """
    await asyncio.to_thread(_install_peers)
    for name, add in (("queryspy's middleware", _add_queryspy), ("sqltap's profiling session", _add_sqltap)):
        app = _notebook(another)
        try:
            add(app, another)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, the benchmark goes on)
            print(f"  {name} is left out: {type(error).__name__}: {error}")
            continue
        plain, with_peer = await _in_turn([_notebook(engine), app], PEER_ROUNDS)
        yield shown(f"share added by {name}", with_peer / plain - 1, "")


def _notebook(engine: AsyncEngine) -> FastAPI:
    app = create_app()
    app.state.engine, app.state.sessions = engine, async_sessionmaker(engine, expire_on_commit=False)
    return app


def _guarded(engine: AsyncEngine, **options: Any) -> FastAPI:
    app = _notebook(engine)
    app.add_middleware(GuardMiddleware, guard=QueryGuard(engine, **options))
    return app


def _add_queryspy(app: FastAPI, engine: AsyncEngine) -> None:
    logging.getLogger("queryspy").setLevel(logging.ERROR)
    app.add_middleware(importlib.import_module("queryspy.asgi").QuerySpyMiddleware)


def _add_sqltap(app: FastAPI, engine: AsyncEngine) -> None:
    warnings.filterwarnings("ignore", category=SADeprecationWarning)
    # It has no middleware for ASGI. What it finds is dropped, where by itself it would keep all of it.
    importlib.import_module("sqltap").ProfilingSession(engine.sync_engine, collect_fn=lambda found: None).start()


def _install_peers() -> None:
    if not PEERS.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={PEERS}"]
        subprocess.run([*command, *PEER_PACKAGES], check=False, stderr=subprocess.DEVNULL)
    sys.path.append(str(PEERS))


async def _in_turn(apps: list[FastAPI], rounds: int) -> list[float]:
    """Return the median seconds of a request to each app."""
    seconds: list[list[float]] = [[] for _ in apps]
    order, shuffle = list(zip(apps, seconds, strict=True)), random.Random(0).shuffle
    for _ in range(WARM_ROUNDS + rounds):
        # None has the same one before it each time.
        shuffle(order)
        for app, taken in order:
            started = time.perf_counter()
            await _list_notebooks(app)
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken[WARM_ROUNDS:]) for taken in seconds]


async def _list_notebooks(app: FastAPI) -> None:
    """Ask the app without a client, whose time would make the guard's share look smaller."""
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app({**_SCOPE}, receive, send)
    assert statuses == [200], statuses


def _statements() -> list[float]:
    """Return the µs that a statement takes more: beside a guard, in a unit of mode "sample", and with share=1.

    On SQLite in memory, where a statement takes the least time of its own. Nobody listens before the first guard is
    made, so that "before" cannot take turns with the rest; minima of many short blocks stand that.
    """
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    with engine.connect() as connection:
        before = min(_block(connection, nullcontext) for _ in range(BLOCKS))
        sample, every = QueryGuard(engine, mode="sample"), QueryGuard(engine, mode="sample", share=1)
        ways = (nullcontext, sample.unit, every.unit)
        taken = [[_block(connection, way) for way in ways] for _ in range(BLOCKS)]
    engine.dispose()
    return [(min(column) - before) * 1e6 for column in zip(*taken, strict=True)]


def _block(connection: Connection, unit: Callable[[], AbstractContextManager[object]]) -> float:
    """Return the seconds of a statement."""
    with unit():
        started = time.perf_counter()
        for _ in range(STATEMENTS):
            connection.execute(_ONE)
        return (time.perf_counter() - started) / STATEMENTS
