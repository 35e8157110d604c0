"""The twin on the source's own major version: TPC-DS at scale 0.1 on every version in build/postgres, and on 18.

Plans and costs are compared with the source's; the statistics are read as from any database. A server a version is
kept in `build/bench/tpcds-0.1`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from advisor_bars.built import explain
from advisor_bars.choice import snapshot_of
from query_bars.figures import Figure, at_least, at_most, shown
from tpc import BUILD, SETTINGS, Query, advised_queries, load, queries

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer, Programs, run_server, wheel_programs
from pgwright.embedded.discovery import find_programs
from pgwright.model.snapshot import Snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.twin import open_twin, open_twins

MEMORY = Path("/dev/shm")
POSTGRES = Path(__file__).parents[2] / "build" / "postgres"
OLDEST, NEWEST = 13, 18
SCALE = 0.1
EQUAL_PLANS, EQUAL_COSTS = 98, 98
BUILD_SECONDS = 2.0
ROUNDS, ANSWERS = 3, 6
GOAL = Goal(deadline_seconds=600.0)
# As an app has them, beside the primary keys.
INDEXES = (
    "store_sales (ss_sold_date_sk)",
    "store_sales (ss_customer_sk, ss_sold_date_sk)",
    "store_sales (ss_store_sk)",
    "catalog_sales (cs_sold_date_sk)",
    "catalog_sales (cs_bill_customer_sk)",
    "web_sales (ws_sold_date_sk)",
    "web_sales (ws_bill_customer_sk)",
    "store_returns (sr_customer_sk)",
    "date_dim (d_year, d_moy)",
    "item (i_category, i_class)",
    "customer_address (ca_state)",
)


@dataclass(frozen=True)
class Likeness:
    plans: int
    costs: int
    """Within 1 %."""
    build_seconds: float


def measure() -> Iterator[Figure]:
    for major in range(OLDEST, NEWEST + 1):
        programs = found(major)
        if programs is None:
            continue
        with source(programs) as server:
            every = queries(server, "tpcds")
            like = compare(server, snapshot_of(server, "tpcds", every), every, programs)
            yield at_least(f"{major}: equal plans of {len(every)}", like.plans, "", EQUAL_PLANS)
            yield at_least(f"{major}: statements with costs within 1 %", like.costs, "", EQUAL_COSTS)
            yield at_most(f"{major}: twin built", like.build_seconds, "s", BUILD_SECONDS)
            if programs.major != wheel_programs().major:
                other = compare(server, snapshot_of(server, "tpcds", every), every, wheel_programs())
                yield shown(f"{major}: equal plans of {len(every)} on 18", other.plans, "")
                snapshot = snapshot_of(server, "tpcds", advised_queries(server, "tpcds"))
                own, wheel = first_answers(snapshot, [programs, wheel_programs()])
                yield at_most(f"{major}: advisor's first answer, on 18 it took {wheel:.1f} s", own / wheel, "", 1.0)


def found(major: int) -> Programs | None:
    if major == wheel_programs().major:
        return wheel_programs()
    programs, _ = find_programs(major, named=POSTGRES) if POSTGRES.exists() else (None, "")
    return programs


@contextmanager
def source(programs: Programs) -> Iterator[EmbeddedServer]:
    # Parallel plans are compared too.
    settings = {**SETTINGS, "max_parallel_workers_per_gather": "2", "random_page_cost": "4", "shared_buffers": "256MB"}
    with run_server(BUILD / f"tpcds-{SCALE}" / str(programs.major), settings=settings, programs=programs) as server:
        load(server, "tpcds", SCALE)
        with server.admin("tpcds") as connection:
            for number, index in enumerate(INDEXES):
                connection.execute(f"CREATE INDEX IF NOT EXISTS secondary_{number} ON {index}".encode())
            connection.execute("VACUUM ANALYZE")
        yield server


def compare(server: EmbeddedServer, snapshot: Snapshot, every: Sequence[Query], programs: Programs) -> Likeness:
    seconds = []
    with run_server(settings=SERVER_SETTINGS, programs=programs) as own:
        for _ in range(ROUNDS - 1):
            started = time.monotonic()
            with open_twin(snapshot, own):
                seconds.append(time.monotonic() - started)
        started = time.monotonic()
        with open_twin(snapshot, own) as twin, psycopg.connect(server.dsn("tpcds"), autocommit=True) as connection:
            seconds.append(time.monotonic() - started)
            plans = costs = 0
            for query in every:
                real, planned = read_plan(explain(connection, query)), twin.explain(query.text)
                plans += real.shape == planned.shape
                costs += abs(planned.total_cost / real.total_cost - 1) <= 0.01
    return Likeness(plans, costs, min(seconds))


def first_answers(snapshot: Snapshot, rivals: Sequence[Programs]) -> list[float]:
    """Return the seconds to the advisor's first answer on each, the best of rounds in turn."""
    best = [float("inf")] * len(rivals)
    for place in range(ANSWERS):
        for number, programs in list(enumerate(rivals))[:: 1 if place % 2 else -1]:
            with (
                in_memory(),
                run_server(settings=SERVER_SETTINGS, programs=programs) as own,
                open_twins(snapshot, 2, own) as twins,
            ):
                seconds = advise(snapshot, GOAL, twins=twins, progress=end_at_an_answer).first_answer_seconds
                best[number] = min(best[number], seconds)
    return best


@contextmanager
def in_memory() -> Iterator[None]:
    """Keep servers in memory: on ext4 a new file takes three times as long after many were deleted, as here."""
    before = tempfile.tempdir
    tempfile.tempdir = str(MEMORY) if MEMORY.is_dir() else before
    try:
        yield
    finally:
        tempfile.tempdir = before


def end_at_an_answer(what: str, done: int = 0, total: int = 0) -> None:
    """End the search as Ctrl-C does, as soon as it tells what was found."""
    if what.startswith("saves"):
        raise KeyboardInterrupt
