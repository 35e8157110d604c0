"""What `pgwright prove` can measure of the corpus' statements, and whether two runs under load say the same.

The change that is proved is a senior's indexes, so that the figures do not hang on the advice; where there are none, an
ANALYZE. The two runs of an app go on at the same time, each a process: that is the load.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from query_bars.figures import Figure, at_least, at_most, shown

from pgwright.embedded import EmbeddedServer
from tests.support.corpus import App, read_apps
from tests.support.traffic import load, send
from worth_bars.server import apps_server, database

RUNS = 2
LEAST_MEASURED, LEAST_REPRESENTATIVE, MOST_UNCLEAR = 95.0, 90.0, 15.0
UNCLEAR = "unclear"
_READ = "SELECT"
# Of `pgwright prove`: proved, and not proved.
_COULD_RUN = (0, 1)


@dataclass(frozen=True)
class Proofs:
    """The proofs of one app, run at the same time."""

    app: App
    asked: frozenset[int]
    """The ids of its statements that read: writes are measured by table."""
    runs: tuple[dict[int, dict[str, Any]], ...]
    """Of each run what was measured, by id, as in the JSON report."""


def measure() -> Iterator[Figure]:
    with apps_server() as server:
        every = [_prove(server, app) for app in read_apps()]
    asked = sum(len(one.asked) for one in every)
    first = [(one, entry) for one in every for entry in one.runs[0].values()]
    for one in every:
        for text in _differing(one):
            print(f"    {one.app.name}: {text}", flush=True)
    verdicts = [entry["verdict"] for one in every for run in one.runs for entry in run.values()]
    representative = sum(bool(entry.get("is_representative")) for _, entry in first)
    yield shown("statements of the corpus that read", asked, "")
    yield at_least("of these measured", 100 * len(first) / asked, "%", LEAST_MEASURED)
    yield at_least("with representative values", 100 * representative / asked, "%", LEAST_REPRESENTATIVE)
    yield at_most("verdicts that differ between two runs", sum(len(list(_differing(one))) for one in every), "", 0)
    yield at_most("verdicts that are unclear", 100 * verdicts.count(UNCLEAR) / max(len(verdicts), 1), "%", MOST_UNCLEAR)


def _prove(server: EmbeddedServer, app: App) -> Proofs:
    with database(server, app.name) as own, TemporaryDirectory() as folder:
        load(own, app)
        sent = send(own, app, 0)
        asked = frozenset(sent.query_ids[place] for place, call in enumerate(app.calls) if call.sql.startswith(_READ))
        script = Path(folder) / "senior.sql"
        script.write_text("".join(f"{index.sql};\n" for index in app.judged.index) or "ANALYZE;\n")
        outputs = [Path(folder) / f"{run}.json" for run in range(RUNS)]
        started = [_start(own.dsn, script, output) for output in outputs]
        for process in started:
            _, said = process.communicate()
            if process.returncode not in _COULD_RUN:
                sys.exit(f"pgwright prove could not run on {app.name}: {said.decode()}")
        return Proofs(app, asked, tuple(_measured(json.loads(one.read_text()), asked) for one in outputs))


def _start(dsn: str, script: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pgwright", "prove", dsn, "--sql", str(script)]
    command += ["--format", "json", "-o", str(output)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _measured(proof: dict[str, Any], asked: frozenset[int]) -> dict[int, dict[str, Any]]:
    return {entry["query_id"]: entry for entry in proof["statements"] if entry["query_id"] in asked}


def _differing(proofs: Proofs) -> Iterator[str]:
    """Yield the statements of which two runs are sure of different things."""
    one, other = proofs.runs
    for query_id in one.keys() & other.keys():
        said = {run[query_id]["verdict"] for run in proofs.runs}
        if len(said) > 1 and UNCLEAR not in said:
            yield f"{' and '.join(sorted(said))}: {one[query_id]['text']}"
