"""A server of its own for the twins of one snapshot: copied from the cache, or built and kept there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from pgwright.embedded import EmbeddedServer, run_server, system_user, temporary_home
from pgwright.errors import EmbeddedServerError
from pgwright.model.snapshot import Snapshot
from pgwright.twin.cache import Databases, content_key, open_cache
from pgwright.twin.restore import SERVER_SETTINGS, build


@contextmanager
def twin_server(snapshot: Snapshot, count: int) -> Iterator[tuple[EmbeddedServer, Databases]]:
    """Run a server that holds so many twins of a snapshot. Raises TwinError, EmbeddedServerError."""
    cache = open_cache()
    with temporary_home() as home, ExitStack() as running:
        if cache is None:
            server = running.enter_context(run_server(home, settings=SERVER_SETTINGS, is_confined=True))
            yield server, _built(snapshot, server, count)
            return
        key = content_key(snapshot, count)
        twins = cache.fetch(key, home, system_user())
        if twins is not None:
            try:
                server = running.enter_context(run_server(home, settings=SERVER_SETTINGS, is_confined=True))
            except EmbeddedServerError:  # damaged: it is made anew, below
                cache.discard(key)
                shutil.rmtree(home / "data", ignore_errors=True)
                twins = None
        if twins is None:
            with run_server(home, settings=SERVER_SETTINGS, is_confined=True) as server:
                twins = _built(snapshot, server, count)
                _drop_templates(server)
            cache.store(key, home, twins)
            server = running.enter_context(run_server(home, settings=SERVER_SETTINGS, is_confined=True))
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
