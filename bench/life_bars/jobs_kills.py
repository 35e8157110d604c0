"""Workers and their connections killed at random moments: what became of the jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most, shown

from pgwright.embedded import EmbeddedServer
from runtime.tests.support.jobs_queue import ROOT

_SEED = 13
_TIMEOUT_S = 900


def measure_kills(server: EmbeddedServer, kills: int) -> Iterator[Figure]:
    """Yield the figures; the harness of the tests does it, in a process of its own."""
    server.create_database("kills")
    command = [sys.executable, "-m", "runtime.tests.support.jobs_killing"]
    done = subprocess.run(
        [*command, server.url("kills", "psycopg"), str(kills), str(_SEED)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT / "runtime" / "src", *sys.path]))},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=_TIMEOUT_S,
    )
    server.drop_database("kills")
    counts = json.loads(done.stdout)
    yield at_least("kills at random moments", counts["process"] + counts["connection"], "", kills)
    yield shown("of these, of a process (SIGKILL)", counts["process"], "")
    yield shown("of these, of a connection (pg_terminate_backend)", counts["connection"], "")
    yield shown("jobs meanwhile", counts["enqueued"], "")
    yield at_most("jobs lost", counts["enqueued"] - counts["finished"], "", 0)
    yield at_most("jobs finished without their effect", counts["without_effect"], "", 0)
    yield at_most("effects twice", counts["twice"], "", 0)
    yield at_most("effects of jobs that were rolled back", counts["never_enqueued"], "", 0)
