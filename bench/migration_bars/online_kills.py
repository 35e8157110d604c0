"""Kill what runs the series, revisions and backfills, at any moment, and see whether the next run comes to its end."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most

from migration_bars.online_series import STAGES, Directory, differences, invalid_indexes, run_stage
from pgwright.embedded import EmbeddedServer
from pgwright_runtime.batches import Pace

# Without rests, so that a series takes seconds; in batches so small that many a kill meets one.
_PACE = Pace(first_rows=50, most_rows=200, busy=1)


def kill_at_any_moment(
    server: EmbeddedServer, template: str, plain: str, directory: Directory, kills: int
) -> Iterator[Figure]:
    """Yield what differs after as many kills, each series compared with the plain rewrite of the same rows."""
    chance = random.Random(14)
    seconds = _whole_run(server, template, directory)
    done = rounds = differing = invalid = 0
    while done < kills:
        database = f"kills_{rounds}"
        rounds += 1
        server.create_database(database, template=template)
        url = server.url(database, "psycopg")
        while done < kills and not _ended_before(directory, url, chance.uniform(0, seconds)):
            done += 1
        _run(directory, url)
        differing += differences(server, database, plain)
        invalid += invalid_indexes(server, database)
        server.drop_database(database)
    yield at_least("kills: at random moments of the series", done, "", kills)
    yield at_most("kills: lines of the catalogs and tables that differ from the plain rewrite's", differing, "", 0)
    yield at_most("kills: invalid indexes left", invalid, "", 0)


def _run(directory: Directory, url: str) -> None:
    for stage in STAGES:
        run_stage(directory, url, stage, _PACE)


def _whole_run(server: EmbeddedServer, template: str, directory: Directory) -> float:
    """Return how long a series takes that nobody kills."""
    server.create_database("whole", template=template)
    began = time.monotonic()
    _run(directory, server.url("whole", "psycopg"))
    seconds = time.monotonic() - began
    server.drop_database("whole")
    return seconds


def _ended_before(directory: Directory, url: str, seconds: float) -> bool:
    """Run the series in a process of its own, which is killed after so long; return whether it came to its end."""
    victim = os.fork()
    if not victim:
        try:
            _run(directory, url)
        except BaseException:  # noqa: BLE001  (the child ends here)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        pid, status = os.waitpid(victim, os.WNOHANG)
        if pid:
            assert status == 0, "the series failed"
            return True
        time.sleep(0.002)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    return False
