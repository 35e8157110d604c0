"""What stands in a migration's way, in turn, with quiet moments between: a report, a forgotten session, a pg_dump."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg

from pgwright.embedded import binaries

REPORT_S, FORGOTTEN_S, DUMP_S, QUIET_S = 2.5, 3.0, 2.5, 2.0
_EVERY = "SELECT count(*) FROM note JOIN account ON account.id = note.account_id"


@contextmanager
def in_the_way(dsn: str) -> Iterator[Event]:
    """Let them come and go inside the block; what it gives is set when the first one holds its lock."""
    ended, begun = Event(), Event()
    thread = Thread(target=_come_and_go, args=(dsn, ended, begun))
    thread.start()
    try:
        yield begun
    finally:
        ended.set()
        thread.join()


def _come_and_go(dsn: str, ended: Event, begun: Event) -> None:
    while not ended.is_set():
        # None holds a lock while it asks for the next one, or a migration between them would hang all three.
        with psycopg.connect(dsn, application_name="report") as report:
            report.execute(_EVERY.encode())
            begun.set()
            report.execute(f"SELECT pg_sleep({REPORT_S})".encode())
        with psycopg.connect(dsn, application_name="forgotten") as forgotten:
            forgotten.execute(_EVERY.encode())
            ended.wait(FORGOTTEN_S)
        _dump(dsn, ended)
        ended.wait(QUIET_S)


def _dump(dsn: str, ended: Event) -> None:
    """Take a dump as slowly as a slow disk does: who reads it stops half-way."""
    command = [str(binaries() / "pg_dump"), dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as dump:
        assert dump.stdout is not None
        dump.stdout.read(1 << 20)
        ended.wait(DUMP_S)
        dump.stdout.read()
