"""A real primary and real streaming replicas of it, each an embedded server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.replicas import AsyncReplicas, Replicas, ReplicaSettings

SECRET = b"0123456789abcdef"
SETTINGS = {
    "wal_level": "replica",
    "max_prepared_transactions": "10",
    "max_wal_senders": "10",
    "max_connections": "60",
    "shared_preload_libraries": "pg_stat_statements",
}
SCHEMA = """
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
INSERT INTO notes (text) VALUES ('the first');
CREATE FUNCTION add_note(text) RETURNS int LANGUAGE sql AS 'INSERT INTO notes (text) VALUES ($1) RETURNING id'
"""


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


@dataclass
class Replica:
    """A streaming replica, made by `pg_basebackup`, that can be killed and started again."""

    primary: EmbeddedServer
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="pgwright-")))
    _running: ExitStack = field(default_factory=ExitStack)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _server: EmbeddedServer | None = None

    @property
    def server(self) -> EmbeddedServer:
        assert self._server is not None
        return self._server

    def copy(self) -> None:
        """Copy the primary as it is now."""
        user = self.primary.user
        if user is not None:
            shutil.chown(self.directory, user, user)
        program = str(self.primary.programs.folder / "pg_basebackup")
        command = [program, f"--pgdata={self.directory / 'data'}", f"--dbname={self.primary.dsn()}"]
        command += ["--checkpoint=fast", "--no-sync", "--wal-method=stream", "--write-recovery-conf"]
        subprocess.run(command, check=True, cwd=self.directory, user=user, group=user, extra_groups=user and [])

    def start(self) -> None:
        """Start it; it may still be behind the primary when this returns."""
        self._server = self._running.enter_context(run_server(self.directory, settings=SETTINGS))

    async def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it at once, as a crash does; the event loop goes on meanwhile."""
        self.server.process.send_signal(how)
        await asyncio.to_thread(self.server.process.wait, 20)

    async def start_again(self) -> None:
        # In a thread that lasts: the server ends with the one that started it.
        await asyncio.get_running_loop().run_in_executor(self._thread, self.start)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang: all its processes stand still, and its connections stay open."""
        server = self.server.process.pid
        # The first to stand still and the last to go on, so that it takes leave of none of its children meanwhile.
        os.kill(server, signal.SIGSTOP)
        children = [int(child) for child in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
        for child in children:
            os.kill(child, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (*children, server):
                os.kill(process, signal.SIGCONT)

    def close(self) -> None:
        self._running.close()
        self._thread.shutdown()
        shutil.rmtree(self.directory, ignore_errors=True)

    def execute(self, statement: str) -> object:
        with self.server.admin() as admin:
            answer = admin.execute(statement.encode())
            row = answer.fetchone() if answer.description else None
        return row[0] if row else None

    def catch_up(self) -> None:
        """Wait until it has replayed all that the primary has written by now."""
        with self.primary.admin() as admin:
            row = admin.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        deadline = time.monotonic() + 20
        while not self.execute(f"SELECT pg_last_wal_replay_lsn() >= '{row[0]}'::pg_lsn"):
            assert time.monotonic() < deadline, "the replica does not catch up"
            time.sleep(0.01)


@contextmanager
def run_primary() -> Iterator[EmbeddedServer]:
    with run_server(settings=SETTINGS) as primary:
        with primary.admin() as admin:
            admin.execute(SCHEMA.encode())
        yield primary


@contextmanager
def run_replica(primary: EmbeddedServer) -> Iterator[Replica]:
    replica = Replica(primary)
    try:
        replica.copy()
        replica.start()
        replica.catch_up()
        yield replica
    finally:
        replica.close()


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedServer]:
    with run_primary() as server:
        yield server


@pytest.fixture(scope="module")
def replica(primary: EmbeddedServer) -> Iterator[Replica]:
    with run_replica(primary) as replica:
        yield replica


def patient(**settings: Any) -> ReplicaSettings:
    """Return settings that wait long for a replica, as far as the test does not say otherwise."""
    return ReplicaSettings(**{"wait_ms": 5_000, **settings})


@dataclass
class Engines:
    """An engine for the primary and one for its replica."""

    primary: AsyncEngine
    replica: AsyncEngine

    def replicas(self, **settings: Any) -> AsyncReplicas:
        return AsyncReplicas(self.primary, [self.replica], secret=SECRET, settings=patient(**settings))


@asynccontextmanager
async def connect(primary: EmbeddedServer, replica: EmbeddedServer, driver: str) -> AsyncIterator[Engines]:
    engines = Engines(*(create_async_engine(server.url("postgres", driver)) for server in (primary, replica)))
    try:
        yield engines
    finally:
        await engines.primary.dispose()
        await engines.replica.dispose()


@pytest.fixture(params=["asyncpg", "psycopg"])
async def engines(primary: EmbeddedServer, replica: Replica, request: pytest.FixtureRequest) -> AsyncIterator[Engines]:
    replica.catch_up()
    async with connect(primary, replica.server, request.param) as engines:
        yield engines


@dataclass
class SyncEngines:
    """The same for sync sessions."""

    primary: Engine
    replica: Engine

    def replicas(self, **settings: Any) -> Replicas:
        return Replicas(self.primary, [self.replica], secret=SECRET, settings=patient(**settings))


@contextmanager
def connect_sync(primary: EmbeddedServer, replica: EmbeddedServer) -> Iterator[SyncEngines]:
    engines = SyncEngines(*(create_engine(server.url("postgres")) for server in (primary, replica)))
    try:
        yield engines
    finally:
        engines.primary.dispose()
        engines.replica.dispose()


@pytest.fixture
def sync_engines(primary: EmbeddedServer, replica: Replica) -> Iterator[SyncEngines]:
    replica.catch_up()
    with connect_sync(primary, replica.server) as engines:
        yield engines


@contextmanager
def replay_paused(replica: Replica) -> Iterator[None]:
    """Let the replica receive all and show nothing of it."""
    replica.execute("SELECT pg_wal_replay_pause()")
    while replica.execute("SELECT pg_get_wal_replay_pause_state()") != "paused":
        time.sleep(0.005)
    try:
        yield
    finally:
        replica.execute("SELECT pg_wal_replay_resume()")
