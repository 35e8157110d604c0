"""Kill runs at random moments, run again, and see whether every revision's effects are there exactly once."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, shown

from migration_bars.runner_app import upgrade, write_app
from pgwright.embedded import EmbeddedServer

_BASE = """
CREATE TABLE effect (revision text NOT NULL, part text NOT NULL);
CREATE TABLE note (id bigint PRIMARY KEY, kind text NOT NULL, title text NOT NULL);
INSERT INTO note SELECT n, 'k' || n % 7, md5(n::text) FROM generate_series(1, 12000) n;
CREATE INDEX ix_old ON note (title);
CREATE INDEX ix_kept ON note (kind, id);
CREATE TYPE mood AS ENUM ('fine');
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2021-01-01') TO ('2030-01-01')
"""


def _effect(revision: str, part: str) -> str:
    return f"op.execute(\"INSERT INTO effect VALUES ('{revision}', '{part}')\")"


_BLOCK = "with op.get_context().autocommit_block():"
REVISIONS = {
    "k1": ('op.execute("ALTER TABLE note ADD COLUMN seen int")', _effect("k1", "a"), _effect("k1", "b")),
    "k2": (
        _effect("k2", "before"),
        _BLOCK,
        '    op.create_index("ix_kind", "note", ["kind"], postgresql_concurrently=True, if_not_exists=True)',
        f"    {_effect('k2', 'inside')}",
        '    op.create_index("ix_title_kind", "note", ["title", "kind"], postgresql_concurrently=True)',
        _effect("k2", "after"),
    ),
    "k3": (
        _BLOCK,
        '    op.execute("REINDEX INDEX CONCURRENTLY ix_kept")',
        '    op.drop_index("ix_old", postgresql_concurrently=True)',
        f"    {_effect('k3', 'inside')}",
        "    op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")",
    ),
    "k4": (
        _effect("k4", "before"),
        _BLOCK,
        '    op.execute("ALTER TABLE event DETACH PARTITION event_old CONCURRENTLY")',
        '    op.execute("ALTER TABLE note ADD CONSTRAINT seen_small CHECK (seen < 9) NOT VALID")',
        '    op.execute("ALTER TABLE note VALIDATE CONSTRAINT seen_small")',
        '    op.execute("VACUUM note")',
        'op.execute("UPDATE note SET seen = coalesce(seen, 0) + 1 WHERE id <= 3000")',
        _effect("k4", "after"),
    ),
    "k5": ('op.execute("DROP TABLE event_old")', _effect("k5", "only")),
}
_EFFECTS = sorted(
    [("k1", "a"), ("k1", "b"), ("k2", "before"), ("k2", "inside"), ("k2", "after"), ("k3", "inside"),
     ("k4", "before"), ("k4", "after"), ("k5", "only")]
)  # fmt: skip
_INVALID = """
    SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
"""
_HALF = """
    SELECT (SELECT count(*) FROM pg_inherits WHERE inhdetachpending)
        + (SELECT count(*) FROM pgwright_migration WHERE state <> 'done')
        + (SELECT count(*) FROM pg_constraint WHERE NOT convalidated)
        + (SELECT count(*) FROM note WHERE id <= 3000 AND seen IS DISTINCT FROM 1)
        + (SELECT abs(count(*) - 5) FROM pg_class
            WHERE relname IN ('ix_kind', 'ix_title_kind', 'ix_kept', 'event_new', 'note')
            AND relnamespace = 'public'::regnamespace)
        + (SELECT count(*) FROM pg_class WHERE relname IN ('ix_old', 'event_old'))
        + (SELECT abs(count(*) - 2) FROM pg_enum WHERE enumtypid = 'mood'::regtype)
        + (SELECT count(*) FROM alembic_version WHERE version_num <> 'k5')
"""


def kill_at_random(server: EmbeddedServer, kills: int) -> Iterator[Figure]:
    """Yield what is left half done, twice or invalid after each chain of kills, and how many kills there were."""
    chance = random.Random(14)
    done = chains = invalid = half = wrong = failed = 0
    with tempfile.TemporaryDirectory(prefix="pgwright-") as folder, server.admin("postgres") as admin:
        write_app(Path(folder), REVISIONS)
        server.create_database("kill_base")
        with server.admin("kill_base") as connection:
            for statement in _BASE.split(";"):
                connection.execute(statement.encode())
        upgrade_s = _whole(server, folder)
        while done < kills:
            database = f"kill_{chains}"
            chains += 1
            server.create_database(database, template="kill_base")
            # A kill gets about one revision further, so a chain takes several.
            while done < kills and _is_behind(server, database):
                done += _killed(server, database, folder, chance.uniform(0, upgrade_s))
            failed += _run_to_end(server, database, folder)
            with server.admin(database) as connection:
                invalid += _number(connection, _INVALID)
                half += _number(connection, _HALF)
                found = connection.execute("SELECT revision, part FROM effect ORDER BY 1, 2").fetchall()
                wrong += sorted(found) != _EFFECTS
            server.drop_database(database)
            if chains % 10 == 0:
                print(f"    {done} kills in {chains} chains", file=sys.stderr, flush=True)
        del admin
    yield at_least("kills: at random moments", done, "", kills)
    yield shown("kills: chains of revisions that they met", chains, "")
    yield at_most("kills: runs that did not resume", failed, "", 0)
    yield at_most("kills: chains whose effects are not there exactly once", wrong, "", 0)
    yield at_most("kills: invalid indexes left", invalid, "", 0)
    yield at_most("kills: other things left half done", half, "", 0)


def _whole(server: EmbeddedServer, folder: str) -> float:
    """Return the seconds that all revisions take in one run of a forked process, without a kill."""
    server.create_database("kill_time", template="kill_base")
    started = time.monotonic()
    os.waitpid(_begin(server, "kill_time", folder), 0)
    seconds = time.monotonic() - started
    server.drop_database("kill_time")
    return seconds


def _begin(server: EmbeddedServer, database: str, folder: str) -> int:
    """Run the migrations in a fork of this process, which has all imported."""
    victim = os.fork()
    if victim:
        return victim
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        if not os.environ.get("BENCH_SHOWS_ERRORS"):
            os.dup2(quiet, 2)
        upgrade(Path(folder), server.url(database, "psycopg"), is_safe=True)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the fork must not run on in its parent's code
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def _killed(server: EmbeddedServer, database: str, folder: str, after_s: float) -> int:
    """Return 1 when the kill met a run."""
    victim = _begin(server, database, folder)
    time.sleep(after_s)
    if os.waitpid(victim, os.WNOHANG)[0]:
        return 0
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    return 1


def _run_to_end(server: EmbeddedServer, database: str, folder: str) -> int:
    """Return 1 when the last run, which nobody kills, fails."""
    _, status = os.waitpid(_begin(server, database, folder), 0)
    return int(status != 0)


def _is_behind(server: EmbeddedServer, database: str) -> bool:
    with server.admin(database) as connection:
        if not _number(connection, "SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'"):
            return True
        return not _number(connection, "SELECT count(*) FROM alembic_version WHERE version_num = 'k5'")


def _number(connection: object, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()  # type: ignore[attr-defined]
    return int(row[0])
