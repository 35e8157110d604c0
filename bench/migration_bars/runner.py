"""The runner beside an app's load, with readers, a dump and a forgotten session in its way; plain Alembic; kills.

How long a transaction of the app waited for a lock is what the server itself measured: with `log_lock_waits` it writes
"acquired AccessShareLock … after 12.345 ms" for each wait that is longer than `deadlock_timeout`, here 5 ms.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from migration_bars.runner_app import upgrade, write_app
from migration_bars.runner_kills import kill_at_random
from migration_bars.runner_load import ACCOUNTS, NOTES, RATE, running
from migration_bars.runner_obstacles import in_the_way
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime.migrations import MigrationPace, MigrationStopped

KILLS = scaled(300, 10)
PACE = MigrationPace(lock_timeout_ms=300, pause_s=0.2, most_pause_s=2)
TOLERANCE_MS = 20
SETTINGS = {
    "log_lock_waits": "on", "deadlock_timeout": "5ms", "log_line_prefix": "%a|%p|", "shared_buffers": "256MB",
    "autovacuum_naptime": "15s",
}  # fmt: skip
_WAITED = re.compile(r"^app\|(\d+)\|.*process \d+ acquired (\w+) on .* after ([\d.]+) ms", re.M)
_SCHEMA = f"""
CREATE TABLE account (id bigint PRIMARY KEY, notes bigint NOT NULL DEFAULT 0);
INSERT INTO account SELECT n FROM generate_series(1, {ACCOUNTS}) n;
CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL, title text NOT NULL);
INSERT INTO note (account_id, title) SELECT 1 + n % {ACCOUNTS}, md5(n::text) FROM generate_series(1, {NOTES}) n;
CREATE INDEX ix_note_account ON note (account_id, id);
CREATE INDEX ix_unused ON note (title);
ANALYZE
"""
_BLOCK = "with op.get_context().autocommit_block():"
ALL_REVISIONS = {
    "m1": ('op.execute("ALTER TABLE note ADD COLUMN kept boolean")',),
    "m2": ('op.execute("ALTER TABLE note ADD CONSTRAINT fk FOREIGN KEY (account_id) REFERENCES account NOT VALID")',),
    "m3": ('op.execute("ALTER TABLE note VALIDATE CONSTRAINT fk")',),
    "m4": (_BLOCK, '    op.create_index("ix_title", "note", ["title", "account_id"], postgresql_concurrently=True)'),
    "m5": (
        "op.execute(\"ALTER TABLE note ADD COLUMN state text NOT NULL DEFAULT 'new'\")",
        'op.execute("ALTER TABLE account ADD COLUMN seen timestamptz")',
    ),
    "m6": ("op.execute(\"ALTER TABLE note ADD CONSTRAINT titled CHECK (title <> '') NOT VALID\")",),
    "m7": (_BLOCK, '    op.drop_index("ix_unused", postgresql_concurrently=True)'),
    "m8": ('op.execute("ALTER TABLE note DROP COLUMN kept")',),
}
REVISIONS = dict(list(ALL_REVISIONS.items())[: scaled(len(ALL_REVISIONS), 3)])
# It rewrites the table for seconds, so the app waits however it is run: the runner has to give it up.
HEAVY = {
    **REVISIONS,
    "m9": ('op.execute("ALTER TABLE note ALTER COLUMN title TYPE varchar(500) USING md5(repeat(title, 1000))")',),
}


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with run_server(settings=SETTINGS) as server:
        yield from _beside_the_app(server, is_safe=True)
        yield from _beside_the_app(server, is_safe=False)
    with run_server(settings={"shared_buffers": "128MB"}) as server:
        yield from kill_at_random(server, KILLS)


def _beside_the_app(server: EmbeddedServer, *, is_safe: bool) -> Iterator[Figure]:
    name = "runner" if is_safe else "plain alembic upgrade"
    database = "safe" if is_safe else "plain"
    server.create_database(database)
    with server.admin(database) as connection:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement.encode())
    log = server.directory / "log"
    seen = log.stat().st_size
    with (
        tempfile.TemporaryDirectory(prefix="pgwright-") as folder,
        running(server.dsn(database)) as load,
        in_the_way(server.dsn(database)) as begun,
    ):
        write_app(Path(folder), HEAVY)
        begun.wait()
        started = time.monotonic()
        for revision in REVISIONS:
            upgrade(Path(folder), server.url(database, "psycopg"), revision, is_safe=is_safe, settings=PACE)
            print(f"    {name}: {revision} at {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
            begun.clear()
            begun.wait()
        seconds = time.monotonic() - started
        gave_up = _try_the_heavy_one(Path(folder), server.url(database, "psycopg"), is_safe=is_safe)
    waits = [float(found[3]) for found in _WAITED.finditer(log.read_bytes()[seen:].decode(errors="replace"))]
    yield from _figures(name, waits, load, seconds, is_safe=is_safe)
    if is_safe:
        yield at_least("runner: a rewrite that holds up the app is given up", gave_up, "", 1)


def _try_the_heavy_one(folder: Path, url: str, *, is_safe: bool) -> int:
    """Return 1 when the runner gave it up; it may get through on a fast machine, which the waits say."""
    pace = MigrationPace(lock_timeout_ms=PACE.lock_timeout_ms, tries=3, pause_s=0.2, most_pause_s=1)
    try:
        upgrade(folder, url, "head", is_safe=is_safe, settings=pace)
    except MigrationStopped as error:
        print(f"    given up: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
        return 1
    return 0


def _figures(
    name: str, waits: list[float], load: dict[str, float], seconds: float, *, is_safe: bool
) -> Iterator[Figure]:
    worst = max(waits, default=0.0)
    if is_safe:
        bar = PACE.lock_timeout_ms + TOLERANCE_MS
        yield at_most("runner: longest lock wait of the app, by the server's log", worst, "ms", bar)
        yield at_least("runner: load, transactions per second", load["done"] / load["seconds"], "/s", RATE * 0.9)
    else:
        yield shown(f"{name}: longest lock wait of the app", worst, "ms")
        yield shown(f"{name}: load, transactions per second", load["done"] / load["seconds"], "/s")
    yield shown(f"{name}: waits of the app longer than 100 ms", sum(one > 100 for one in waits), "")
    yield shown(f"{name}: transactions of the app that failed", load["failed"], "")
    yield shown(f"{name}: {len(REVISIONS)} revisions", seconds, "s")
