"""Everything that the commands say about a database of hostile names: no escape sequence, no mark of direction."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most

from pgwright.embedded import run_server
from tests.support.hostile_outputs import fill, hidden_in, outputs


def measure() -> Iterator[Figure]:
    with (
        run_server(settings={"shared_preload_libraries": "pg_stat_statements"}) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        server.create_database("hostile")
        with server.admin("hostile") as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        fill(server.dsn("hostile"))
        os.environ["PGWRIGHT_CACHE"] = "off"  # its files are not for people
        said = list(outputs(server.dsn("hostile"), Path(folder)))
    yield at_least("streams and files of all commands in all formats", len(said), "", 100)
    yield at_most("hidden characters in them", sum(hidden_in(text) for _, text in said), "", 0)
    spelled = sum("u202e" in text or "\\202e" in text for _, text in said)
    yield at_least("of them with a hidden character that is spelled out", spelled, "", 30)
