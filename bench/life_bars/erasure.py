"""Erasing one of 10,000 users of the notebook who has 200,000 rows, and a search for whatever of theirs is left."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from uuid import UUID

import psycopg
from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled
from sqlalchemy import create_engine

from notebook import schema
from notebook.erasure import ERASURE
from pgwright.database import environment
from pgwright.embedded import EmbeddedServer, run_server, wheel_programs
from pgwright_runtime.erasure import ErasureOutcome, erase, preview, verify_report
from pgwright_runtime.erasure.signing import signed_report

USERS, CHUNKS, MESSAGES = scaled(10_000), scaled(94_000), scaled(100_000)
_ROWS = (Path(__file__).parent / "erasure_rows.sql").read_text()
_SECRET = "the bench's secret, of no worth"
_MARK = b"theirs-"
_UUID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
# Kinds of keys in erasure_rows.sql, with the most rows of the person that any has.
_KINDS, _MOST = "unsctmojqgray", 100_000
_LARGE = "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE pg_relation_size(relid) > 1048576"
_FIRST = UUID(md5(b"u/1/0", usedforsecurity=False).hexdigest())


def measure(users: int = USERS, chunks: int = CHUNKS, messages: int = MESSAGES) -> Iterator[Figure]:
    with run_server(settings={"max_wal_size": "4GB", "autovacuum": "off"}, programs=wheel_programs()) as server:
        server.create_database("notebook")
        dsn = server.dsn("notebook")
        # From 0006 on rows of deleted notebooks would be refused, and the data have some.
        schema.upgrade(dsn, "0004")
        with psycopg.connect(dsn) as connection:
            connection.execute(_ROWS.format(users=users, chunks=chunks, messages=messages).encode())
            theirs = _theirs(connection)
        schema.upgrade(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        yield shown("values of theirs in a dump before", _found(dsn, theirs), "")
        yield from _erased(server, users)
        yield at_most("values of theirs in a dump after", _found(dsn, theirs), "", 0)
        yield from _in_files(server, dsn)


def _erased(server: EmbeddedServer, users: int) -> Iterator[Figure]:
    engine = create_engine(server.url("notebook", "psycopg"))
    try:
        counted = preview(engine, ERASURE, str(_FIRST), secret=_SECRET)
        yield shown("a dry run", counted.seconds, "s")
        before = _scans(server)
        started = time.perf_counter()
        outcome = erase(engine, ERASURE, str(_FIRST), secret=_SECRET)
        seconds = time.perf_counter() - started
        yield at_least("rows of theirs", outcome.rows, "", scaled(200_000))
        yield at_most("erasure of one user, committed", seconds, "s", 5)
        yield at_most("tables above 1 MB that were scanned whole", _scans(server) - before, "", 0)
        yield at_most("counts that the dry run had wrong", _differences(counted, outcome), "", 0)
        verify_report(signed_report(outcome, _SECRET), _SECRET)
        yield at_most("rows that a second run finds", erase(engine, ERASURE, str(_FIRST), secret=_SECRET).rows, "", 0)
    finally:
        engine.dispose()
    with psycopg.connect(server.dsn("notebook")) as connection:
        left = connection.execute("SELECT count(*) FROM users").fetchone()
    assert left is not None
    yield at_least("users left", left[0], "", users - 1)


def _differences(counted: ErasureOutcome, done: ErasureOutcome) -> int:
    return len(set(counted.tables) ^ set(done.tables))


def _scans(server: EmbeddedServer) -> int:
    with psycopg.connect(server.dsn("notebook"), autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(_LARGE).fetchone()
    assert row is not None
    return int(row[0] or 0)


def _theirs(connection: psycopg.Connection) -> set[bytes]:
    """Return the person's keys, whatever table they are of."""
    made = """
        SELECT md5(kind || '/1/' || n)::uuid::text FROM unnest(string_to_array(%s, NULL)) kind, generate_series(0, %s) n
    """
    return {row[0].encode() for row in connection.execute(made, (_KINDS, _MOST))}


def _found(dsn: str, keys: set[bytes]) -> int:
    """Return how many values of theirs a dump of the whole database holds: marked texts, and keys."""
    found = 0
    command = [str(wheel_programs().folder / "pg_dump"), "--no-owner"]
    with subprocess.Popen(command, env=environment(dsn), stdout=subprocess.PIPE) as dump:
        assert dump.stdout is not None
        for line in dump.stdout:
            found += line.count(_MARK) + sum(key in keys for key in _UUID.findall(line))
    assert dump.returncode == 0
    return found


def _in_files(server: EmbeddedServer, dsn: str) -> Iterator[Figure]:
    """Dead rows are not gone: what the files of the tables hold before and after VACUUM, and after VACUUM FULL."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for when, statement in (
            ("before VACUUM", "CHECKPOINT"),
            ("after VACUUM", "VACUUM"),
            ("after VACUUM FULL", "VACUUM FULL"),
        ):
            connection.execute(statement)
            connection.execute("CHECKPOINT")
            folder = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
            assert folder is not None
            files = [path for path in (server.data / "base" / str(folder[0])).iterdir() if path.is_file()]
            yield shown(
                f"marked texts in the tables' files {when}", sum(path.read_bytes().count(_MARK) for path in files), ""
            )
