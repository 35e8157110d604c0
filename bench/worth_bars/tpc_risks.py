"""Does the word "risk" warn of something, and is it said where no index helps: TPC-H and TPC-DS, all kinds of index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
from advisor_bars.bars import DEADLINES
from advisor_bars.built import built, drop_built, ran
from advisor_bars.built import measure as measure_built
from advisor_bars.choice import Chosen, own_twin_server, snapshot_of
from query_bars.figures import Figure, at_least, at_most, shown
from tpc import Name, advised_queries, tpc_server

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.twin.twin import open_twins

NAMES: tuple[Name, ...] = ("tpch", "tpcds")
# A warning of more than a tenth of the statements warns of nothing.
MOST_NAMED = {"tpch": 2, "tpcds": 9}
# They reach the limit of time with every set of indexes: a rewrite helps them.
UNHELPED: dict[Name, frozenset[int]] = {"tpch": frozenset(), "tpcds": frozenset({1, 74, 81})}
# Of the tables' size. With less room TPC-H takes indexes that make statements slower: of these a warning has to tell.
BUDGETS: dict[Name, tuple[int, ...]] = {"tpch": (25, 50, 100), "tpcds": (100,)}
LEAST_TRUE = 50.0


def measure() -> Iterator[Figure]:
    with tpc_server() as server:
        for name in NAMES:
            with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                drop_built(connection)  # what a run that was killed left behind
            yield from _figures(server, name)


def _figures(server: EmbeddedServer, name: Name) -> Iterator[Figure]:
    every = _choose(_timed_snapshot(server, name), name)
    with built(server, name, every) as real_bytes:
        runs = measure_built(server, name, every, real_bytes)
    for chosen, run in zip(every, runs, strict=True):
        print(f"    {name} {run.budget_percent} %: named {run.statements_at_risk}, of these slower {run.risks_true}")
        for risk in chosen.advice.risks:
            print(f"      {risk.query_id}: {risk.reason} Tolerance {risk.tolerance}")
    unnamed = [set(run.statements_slower) - set(run.statements_at_risk) for run in runs]
    named = sum(len(run.statements_at_risk) for run in runs)
    true = sum(len(run.risks_true) for run in runs)
    yield shown(f"{name}: statements", len(advised_queries(server, name)), "")
    yield at_most(f"{name}: named as risks", max(len(run.statements_at_risk) for run in runs), "", MOST_NAMED[name])
    if len(runs) > 1:
        yield at_least(f"{name}: of those, slower by a fifth", 100 * true / named if named else 100.0, "%", LEAST_TRUE)
    else:
        yield shown(f"{name}: of those, slower by a fifth", true, "")
    yield at_most(f"{name}: slower by more than half, not named", sum(map(len, unnamed)), "", 0)
    if expected := UNHELPED[name]:
        unhelped = {one.query_id for one in every[-1].advice.unhelped}
        yield at_least(f"{name}: told that no index helps", len(expected & unhelped), "", len(expected))


def _timed_snapshot(server: EmbeddedServer, name: Name) -> Snapshot:
    """Return a snapshot whose workload is every statement once, with its time and its rows."""
    wanted = advised_queries(server, name)
    snapshot = snapshot_of(server, name, wanted)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        seen = {query.number: ran(connection, query) for query in wanted}
    statements = []
    for one in snapshot.statements:
        seconds, rows = seen[one.query_id]
        taken = 1_000 * seconds
        statements.append(replace(one, total_ms=taken, mean_ms=taken, max_ms=taken, rows=rows))
    return replace(snapshot, statements=tuple(statements))


def _choose(snapshot: Snapshot, name: Name) -> list[Chosen]:
    heap = sum(table.pages for table in snapshot.tables if table.name.schema == "public") * PAGE_BYTES
    chosen = []
    with own_twin_server() as own, open_twins(snapshot, 2, own) as twins:
        for percent in BUDGETS[name]:
            budget = heap * percent // 100
            # As in `bench/advisor.py`: small gains count, and no risk is avoided, so each has to be named.
            goal = Goal(budget, least_gain=1e-5, weights="equal", deadline_seconds=DEADLINES[name], takes_risks=True)
            advice = advise(snapshot, goal, twins=twins)
            definitions = tuple(one.definition for one in advice.indexes)
            chosen.append(Chosen("all", percent, budget, advice, None, definitions))
    return chosen
