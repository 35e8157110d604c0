"""Kill a run in a process of its own at any moment: the process, or its connections."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.errors import Error


def kill_one(
    server: EmbeddedServer,
    database: str,
    chance: random.Random,
    run: Callable[[], None],
    name: str,
    *,
    kills_process: bool,
) -> int:
    """Start a run in a process, kill it or its connections a moment later; return 1 if it met the run.

    Args:
        name: the `application_name` of the run's connections.
    """
    victim = os.fork()
    if not victim:
        with suppress(DBAPIError, Error):
            run()
        os._exit(0)
    while not _sessions(server, database, name):
        if os.waitpid(victim, os.WNOHANG)[0]:
            return 0
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.25))
    is_running = os.waitpid(victim, os.WNOHANG)[0] == 0
    if is_running and kills_process:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    elif is_running:
        end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '" + name + "'"
        number(server, database, end + (" AND state <> 'idle in transaction'" if chance.random() < 0.5 else ""))
        time.sleep(chance.uniform(0, 0.1))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    while _sessions(server, database, name):  # what it had begun is rolled back, or committed
        time.sleep(0.002)
    return int(is_running)


def number(server: EmbeddedServer, database: str, query: str) -> int:
    """Return the one number that a query gives."""
    with server.admin(database) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _sessions(server: EmbeddedServer, database: str, name: str) -> int:
    return number(server, database, f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'")
