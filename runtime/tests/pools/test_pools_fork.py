"""A forked child has connections of its own, and its parent keeps what it had."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pgwright.embedded import EmbeddedServer

SYNC = """
import gc, os, sys
from sqlalchemy import text
from pgwright_runtime.engine import create_engine
from pgwright_runtime.pools import LeakFinder

engine = create_engine(sys.argv[1], pool_size=1, max_overflow=1)
finder = LeakFinder(engine, hold_s=0, on_leak=lambda leak: None)

def backend():
    with engine.connect() as connection:
        return connection.scalar(text("SELECT pg_backend_pid()"))

idle = backend()
with engine.connect() as kept:
    busy = kept.scalar(text("SELECT pg_backend_pid()"))
    child = os.fork()
    if not child:
        print("child has its own:", not {backend(), backend()} & {idle, busy}, finder.report(), flush=True)
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    in_use = kept.scalar(text("SELECT pg_backend_pid()")) == busy
    print("parent in use:", in_use, len(finder.report()), flush=True)
child = os.fork()
if not child:
    print("child has its own:", backend() != idle, flush=True)
    engine.dispose()
    sys.exit()  # the interpreter ends as usual, and deletes what it has
os.waitpid(child, 0)
print("parent idle:", backend() == idle)
engine.dispose()
"""

# The child is forked inside the running event loop, whose selector it shares.
ASYNC = """
import asyncio, gc, os, sys
from sqlalchemy import text
from pgwright_runtime import create_async_engine

engine = create_async_engine(sys.argv[1], pool_size=2, max_overflow=0)

async def backend():
    async with engine.connect() as connection:
        return await connection.scalar(text("SELECT pg_backend_pid()"))

async def of_child():
    seen = {await backend(), await backend()}
    await engine.dispose()
    return seen

async def main():
    idle = await backend()
    child = os.fork()
    if not child:
        print("child has its own:", idle not in asyncio.run(of_child()), flush=True)
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    print("parent idle:", await asyncio.wait_for(backend(), 20) == idle, flush=True)
    await engine.dispose()

asyncio.run(main())
"""


# What is in use at the fork, in a session and by itself; the child tries it, closes it and ends as usual.
IN_USE = """
import os, sys
from sqlalchemy import exc, text
from sqlalchemy.orm import Session
from pgwright_runtime.engine import create_engine

engine = create_engine(sys.argv[1], pool_size=2, max_overflow=0)
with Session(engine) as session, engine.connect() as connection:
    for one in (session, connection):
        one.execute(text("SET LOCAL application_name = 'parent'"))
    child = os.fork()
    if not child:
        for one in (session, connection):
            try:
                one.scalar(text("SELECT 1"))
            except exc.StatementError as error:
                print(str(error.orig).replace(str(os.getppid()), "P").replace(str(os.getpid()), "C"), flush=True)
            one.close()
        with Session(engine) as own:
            print("its own:", own.scalar(text("SELECT 2")))
        engine.dispose()
        sys.exit()
    os.waitpid(child, 0)
    show = text("SHOW application_name")
    print("parent goes on in its transactions:", session.scalar(show), connection.scalar(show))
engine.dispose()
"""


def run(program: str, url: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", program, url]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout.splitlines()


def test_a_sync_engine_shared_over_fork(server: EmbeddedServer) -> None:
    assert run(SYNC, server.url("postgres", "psycopg")) == [
        "child has its own: True []",
        "parent in use: True 1",
        "child has its own: True",
        "parent idle: True",
    ]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_async_engine_shared_over_fork(server: EmbeddedServer, driver: str) -> None:
    assert run(ASYNC, server.url("postgres", driver)) == ["child has its own: True", "parent idle: True"]


def test_a_connection_in_use_at_the_fork_is_refused_to_the_child_and_kept_for_its_parent(
    server: EmbeddedServer,
) -> None:
    refused = (
        "this connection was opened before the fork and belongs to process P; in process C open a session or "
        "connection of its own"
    )
    assert run(IN_USE, server.url("postgres", "psycopg")) == [
        refused,
        refused,
        "its own: 2",
        "parent goes on in its transactions: parent parent",
    ]
