"""A server of its own for the twins of one snapshot: copied from the cache, or built and kept there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from pgwright.embedded import (
    EmbeddedServer,
    Programs,
    ServerChoice,
    choose_programs,
    run_server,
    system_user,
    temporary_home,
)
from pgwright.errors import EmbeddedServerError
from pgwright.model.snapshot import Snapshot
from pgwright.twin.cache import Databases, content_key, open_cache
from pgwright.twin.restore import SERVER_SETTINGS, build


def choose(snapshot: Snapshot, named: Path | None, *, needs: Iterable[str] = ()) -> ServerChoice:
    """Return the programs that take the place of a snapshot's server; arguments and errors as `choose_programs` has."""
    return choose_programs(snapshot.server.major, needs=(*snapshot.server.extensions, *needs), named=named)


def run_twin_server(programs: Programs, home: Path | None = None) -> AbstractContextManager[EmbeddedServer]:
    """Run a server for twins; arguments and errors as `run_server` has."""
    return run_server(home, settings=SERVER_SETTINGS, programs=programs, is_confined=True)


@contextmanager
def twin_server(snapshot: Snapshot, count: int, programs: Programs) -> Iterator[tuple[EmbeddedServer, Databases]]:
    """Run a server that holds so many twins of a snapshot. Raises TwinError, EmbeddedServerError."""
    cache = open_cache()
    with temporary_home() as home, ExitStack() as running:
        if cache is None:
            server = running.enter_context(run_twin_server(programs, home))
            yield server, _built(snapshot, server, count)
            return
        key = content_key(snapshot, count, programs)
        twins = cache.fetch(key, home, system_user())
        if twins is not None:
            try:
                server = running.enter_context(run_twin_server(programs, home))
            except EmbeddedServerError:  # damaged: it is made anew, below
                cache.discard(key)
                shutil.rmtree(home / "data", ignore_errors=True)
                twins = None
        if twins is None:
            with run_twin_server(programs, home) as server:
                twins = _built(snapshot, server, count)
                _drop_templates(server)
            cache.store(key, home, twins)
            server = running.enter_context(run_twin_server(programs, home))
        yield server, twins


def _built(snapshot: Snapshot, server: EmbeddedServer, count: int) -> Databases:
    names = [f"twin_{number}" for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        return tuple(pool.map(lambda name: (name, build(snapshot, server, name)), names))


def _drop_templates(server: EmbeddedServer) -> None:
    """Drop the databases that new ones are made from: half of the files, which each command would have to copy."""
    with server.admin() as connection:
        for name in ("template0", "template1"):
            connection.execute("UPDATE pg_database SET datistemplate = false WHERE datname = %s", (name,))
            connection.execute(f"DROP DATABASE {name}".encode())
