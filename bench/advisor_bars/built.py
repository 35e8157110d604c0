"""The chosen indexes really built: their sizes, and the plans and times of every statement with them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from tpc import LEFT_OUT, Name, Query, queries

from advisor_bars.bars import MOST_SLOWDOWN, SHORT_SECONDS
from advisor_bars.choice import Chosen, HypoPGSize, relative
from advisor_bars.progress import show
from pgwright.embedded import EmbeddedServer
from pgwright.model.index import IndexDefinition
from pgwright.model.names import quote
from pgwright.pipeline import take_snapshot
from pgwright.twin.plans import read_plan

LONGEST_SECONDS = 20
PAIRS = 3
# A statement that was rightly named as one that may become slower.
TRUE_RISK = 1.2


@dataclass
class Run:
    benchmark: Name
    mode: str
    budget_percent: int
    relative_cost: float
    """On the server, with the built indexes."""
    relative_cost_twin: float
    relative_cost_no_descent: float | None
    """Planned, of the advice for candidates that cost no descent, as HypoPG's; None: not asked."""
    seconds: float
    first_answer_seconds: float
    plans: int
    indexes: int
    real_bytes: int
    estimated_bytes: int
    counted_bytes: int
    """What the budget was kept by: HypoPG's rule, or the estimate."""
    budget_bytes: int
    unused: list[str]
    """Indexes that the planner does not use on the server."""
    statements_at_risk: list[int]
    statements_slower: dict[int, float]
    """Statements more than 1.5 times slower than before, with how many times."""
    risks_true: dict[int, float]
    """Of those at risk the ones more than 1.2 times slower, likewise."""
    seconds_before: float
    seconds_after: float
    """Measured: all statements once, warm."""
    definitions: list[str]


@contextmanager
def built(server: EmbeddedServer, name: Name, chosen: Sequence[Chosen]) -> Iterator[dict[IndexDefinition, int]]:
    """Build every index chosen, under a name of its own; give real bytes; drop them on the way out."""
    every = list(dict.fromkeys(definition for one in chosen for definition in one.definitions))
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        drop_built(connection)
        try:
            for number, definition in enumerate(every):
                connection.execute(definition.named(f"bench_{number}").sql().encode())
                show(f"{name}: building index {number + 1} of {len(every)}")
            show("")
            sizes = connection.execute(
                "SELECT pg_relation_size(format('bench_%%s', n)::regclass) FROM generate_series(0, %s) n ORDER BY n",
                (len(every) - 1,),
            ).fetchall()
            yield {definition: size for definition, (size,) in zip(every, sizes, strict=True)}
        finally:
            drop_built(connection)


def drop_built(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE pg_index SET indislive = true WHERE indexrelid::regclass::text LIKE 'bench\\_%'")
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'bench\\_%' AND relkind = 'i'"
    ).fetchall()
    for (index,) in found:
        connection.execute(f"DROP INDEX {quote(index)}".encode())


def switch(server: EmbeddedServer, name: Name, on: Sequence[str]) -> None:
    """Show the planner just these of the built indexes."""
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute(
            "UPDATE pg_index SET indisvalid = c.relname = ANY(%(on)s), indislive = c.relname = ANY(%(on)s)"
            " FROM pg_class c WHERE c.oid = indexrelid AND c.relname LIKE 'bench\\_%%'",
            {"on": list(on)},
        )
        connection.execute(
            "UPDATE pg_class SET relpages = relpages WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )


def size_errors(chosen: Sequence[Chosen], real_bytes: Mapping[IndexDefinition, int]) -> dict[str, float]:
    """Return for each built index by how much its estimate is off, as a share of its real size."""
    estimates = {index.definition: index.size_bytes for one in chosen for index in one.advice.indexes}
    return {definition.sql(): abs(estimates[definition] / real - 1) for definition, real in real_bytes.items()}


def measure(
    server: EmbeddedServer, name: Name, chosen: Sequence[Chosen], real_bytes: Mapping[IndexDefinition, int]
) -> list[Run]:
    advised = [query for query in queries(server, name) if query.number not in LEFT_OUT[name]]
    name_of = {definition: f"bench_{number}" for number, definition in enumerate(real_bytes)}
    seconds: dict[tuple[int, str], float] = {}

    def planned_and_run(label: str) -> dict[int, tuple[float, float, frozenset[str]]]:
        """For each statement its planned cost, measured seconds, and the indexes it uses; each plan is run once."""
        found = {}
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            for done, query in enumerate(advised):
                plan = read_plan(explain(connection, query))
                if (query.number, plan.shape) not in seconds:
                    show(f"{name} {label}: statement {done + 1} of {len(advised)}")
                    seconds[query.number, plan.shape] = timed(connection, query)
                found[query.number] = plan.total_cost, seconds[query.number, plan.shape], frozenset(plan.indexes)
        show("")
        return found

    switch(server, name, ())
    before = planned_and_run("primary keys only")
    base = sum(cost for cost, *_ in before.values())
    runs = []
    for one in chosen:
        switch(server, name, [name_of[definition] for definition in one.definitions])
        after = planned_and_run(f"{one.mode} {one.budget} %")
        used = frozenset[str]().union(*(indexes for *_, indexes in after.values()))
        at_risk = {risk.query_id for risk in one.advice.risks}
        ratios = {number: after[number][1] / max(before[number][1], SHORT_SECONDS) for number in after}
        suspects = [query for query in advised if ratios[query.number] > MOST_SLOWDOWN or query.number in at_risk]
        medians = in_turn(server, name, suspects, [name_of[definition] for definition in one.definitions])
        size_of = HypoPGSize(take_snapshot(server.dsn(name))) if one.mode == "b-tree-2" else None
        estimated = sum(index.size_bytes for index in one.advice.indexes)
        runs.append(
            Run(
                benchmark=name,
                mode=one.mode,
                budget_percent=one.budget,
                relative_cost=sum(cost for cost, *_ in after.values()) / base,
                relative_cost_twin=relative(one.advice),
                relative_cost_no_descent=one.no_descent,
                seconds=one.advice.seconds,
                first_answer_seconds=one.advice.first_answer_seconds,
                plans=one.advice.plans,
                indexes=len(one.definitions),
                real_bytes=sum(real_bytes[definition] for definition in one.definitions),
                estimated_bytes=estimated,
                counted_bytes=sum(map(size_of, one.definitions)) if size_of else estimated,
                budget_bytes=one.budget_bytes,
                unused=[definition.sql() for definition in one.definitions if name_of[definition] not in used],
                statements_at_risk=sorted(at_risk),
                statements_slower={number: ratio for number, ratio in medians.items() if ratio > MOST_SLOWDOWN},
                risks_true={number: medians[number] for number in sorted(at_risk) if medians[number] > TRUE_RISK},
                seconds_before=sum(duration for _, duration, _ in before.values()),
                seconds_after=sum(duration for _, duration, _ in after.values()),
                definitions=[definition.sql() for definition in one.definitions],
            )
        )
    switch(server, name, ())
    return runs


def in_turn(server: EmbeddedServer, name: Name, suspects: Sequence[Query], on: Sequence[str]) -> dict[int, float]:
    """Run statements without and with the indexes in turn, and return how many times slower each is with them.

    A machine with other work on it makes single runs look slow; of a few pairs the median tells.
    """
    ratios: dict[int, list[float]] = {query.number: [] for query in suspects}
    for _ in range(PAIRS if suspects else 0):
        found = []
        for indexes in ((), on):
            switch(server, name, indexes)
            with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                found.append({query.number: timed(connection, query) for query in suspects})
        for number in ratios:
            ratios[number].append(found[1][number] / max(found[0][number], SHORT_SECONDS))
    return {number: statistics.median(values) for number, values in ratios.items()}


def explain(connection: psycopg.Connection, query: Query) -> object:
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {query.text}".encode()).fetchone()
    return row[0] if row else None


def timed(connection: psycopg.Connection, query: Query) -> float:
    """Return the seconds of a warm run; one that takes longer than the limit counts the limit."""
    return ran(connection, query)[0]


def ran(connection: psycopg.Connection, query: Query) -> tuple[float, int]:
    """Return the seconds of a warm run, as `timed` does, and the rows; none of one that takes longer than the limit."""
    connection.execute(f"SET statement_timeout = {LONGEST_SECONDS * 1000}".encode())
    best, rows = float(LONGEST_SECONDS), 0
    for _ in range(2):
        started = time.monotonic()
        try:
            rows = connection.execute(query.text.encode()).rowcount
        except psycopg.errors.QueryCanceled:
            break
        best = min(best, time.monotonic() - started)
        if best > 2.0:  # the first run of a long one is warm enough: its data is read many times
            break
    connection.execute("SET statement_timeout = 0")
    return best, rows
