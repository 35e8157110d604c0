"""Is the twin exact, and how fast."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from large_schema import build as build_large
from tpc import Name, Query, queries

from advisor_bars.built import explain
from advisor_bars.choice import snapshot_of
from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline import take_snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.twin import Twin, open_twin

WHAT_IFS = 3_000
LARGE_TABLES = 1_000


@dataclass
class TwinResult:
    benchmark: str
    plans: int
    plans_equal: int
    cost_error_max: float
    build_seconds: float
    what_ifs_per_second: float


def check_twin(server: EmbeddedServer, twin_server: EmbeddedServer, name: Name) -> TwinResult:
    """Compare every plan with the server's, and count what-ifs: another set of candidates, then EXPLAIN."""
    every = queries(server, name)
    snapshot = snapshot_of(server, name, every)
    started = time.monotonic()
    with open_twin(snapshot, twin_server) as twin, psycopg.connect(server.dsn(name), autocommit=True) as connection:
        seconds = time.monotonic() - started
        equal, worst = 0, 0.0
        for query in every:
            real = read_plan(explain(connection, query))
            planned = twin.explain(query.text)
            if real.shape == planned.shape:
                equal += 1
                worst = max(worst, abs(planned.total_cost / real.total_cost - 1))
        rate = what_ifs_per_second(twin, snapshot, every)
    return TwinResult(name, len(every), equal, worst, seconds, rate)


def what_ifs_per_second(twin: Twin, snapshot: Snapshot, every: Sequence[Query]) -> float:
    goal = Goal(most_keys=2, is_plain=True)
    definitions = [
        one.definition for one in advise(snapshot, replace(goal, deadline_seconds=1.0), twins=[twin]).indexes
    ]
    candidates = twin_candidates(twin, definitions)
    chance = random.Random(0)
    started = time.monotonic()
    for number in range(WHAT_IFS):
        on = {one for one in candidates if chance.random() < 0.5} if number % 2 else set(candidates)
        twin.price(every[number % len(every)].text, None, on)
    return WHAT_IFS / (time.monotonic() - started)


def twin_candidates(twin: Twin, definitions: Sequence[IndexDefinition]) -> list[int]:
    twin.clear()
    return [one.number for one in twin.add(definitions)]


def large_twin(twin_server: EmbeddedServer) -> TwinResult:
    """Build a twin of 1,000 tables, whole."""
    settings = {"shared_preload_libraries": "pg_stat_statements", "max_locks_per_transaction": "1024"}
    with run_server(settings=settings) as server:
        build_large(server, "large", LARGE_TABLES)
        snapshot = replace(take_snapshot(server.dsn("large")), statements=())
    with open_twin(small(snapshot), twin_server):
        pass  # the first build on a server also reads its catalogs into memory
    started = time.monotonic()
    with open_twin(snapshot, twin_server):
        seconds = time.monotonic() - started
    return TwinResult(f"{LARGE_TABLES} tables", 0, 0, 0.0, seconds, 0.0)


def small(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, schema_sql="CREATE TABLE t (n int);", tables=(), indexes=(), statistics=())
