"""Is the setting named that makes a workload faster, with its measured effect: TPC-H and TPC-DS, primary keys only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
from advisor_bars.built import drop_built
from advisor_bars.choice import snapshot_of
from query_bars.figures import Figure, at_least, shown
from tpc import Name, Query, advised_queries, tpc_server

from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.trial import LEAST_SHARE
from pgwright.proof.trial import try_settings
from pgwright.report.trial.words import conclusion, every, measured, numbers

NAMES: tuple[Name, ...] = ("tpch", "tpcds")
# On the copy a statement has 20 s, so those that take longer here are left out; of the 90 of TPC-DS those of seconds.
LONGEST_SECONDS: dict[Name, int] = {"tpch": 20, "tpcds": 4}
# Each pair of runs takes seconds, and what is in doubt gets more.
ROUNDS = 3
# What is known to help where all is in memory.
EXPECTED = "random_page_cost"


def measure() -> Iterator[Figure]:
    with tpc_server() as server:
        for name in NAMES:
            with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                drop_built(connection)  # what a run that was killed left behind
            yield from _figures(server, name)


def _figures(server: EmbeddedServer, name: Name) -> Iterator[Figure]:
    trial = try_settings(_observed(server, name), server.dsn(name), rounds=ROUNDS)
    for one in every(trial):
        print(f"    {name}: {measured(one)}; faster, slower, unclear: {numbers(one)}; {one.verdict}")
    for missing in trial.not_examined:
        print(f"    {name}: {missing.what}: {missing.reason}")
    for setting, reason in trial.untried.items():
        print(f"    {name}: {setting} not tried: {reason}")
    for sentence in conclusion(trial):
        print(f"    {name}: {sentence}")
    yield shown(f"{name}: statements measured", trial.statements, "")
    expected = next((one for one in trial.tried if EXPECTED in one.settings), None)
    if expected is not None:
        yield shown(f"{name}: a run before", expected.before_ms / 1_000, "s")
        yield shown(f"{name}: a run with {EXPECTED} = {expected.settings[EXPECTED]}", expected.after_ms / 1_000, "s")
    share = expected.saved_share if expected is not None else 0.0
    yield at_least(f"{name}: saved by {EXPECTED}, named with it", 100 * share, "%", 100 * LEAST_SHARE)


def _observed(server: EmbeddedServer, name: Name) -> Snapshot:
    """Return a snapshot whose workload is every statement once, as it was seen to work, warm."""
    wanted = advised_queries(server, name)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute(f"SET statement_timeout = '{LONGEST_SECONDS[name]}s'".encode())
        seen = {query.number: _seen(connection, query) for query in wanted}
    late = [number for number, one in seen.items() if one is None]
    print(f"    {name}: left out, slower than {LONGEST_SECONDS[name]} s: {late}")
    return replace(snapshot_of(server, name, ()), statements=tuple(one for one in seen.values() if one is not None))


def _seen(connection: psycopg.Connection, query: Query) -> Statement | None:
    """Return the statement with the counters of a warm run; None where it takes too long."""
    try:
        for _ in range(2):
            row = connection.execute(
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query.text}".encode()
            ).fetchone()
    except psycopg.errors.QueryCanceled:
        return None
    explained = row[0][0] if row else {}
    plan, taken = explained["Plan"], explained["Execution Time"]
    return Statement(
        query_id=query.number,
        text=query.text,
        role="",
        calls=1,
        total_ms=taken,
        mean_ms=taken,
        max_ms=taken,
        deviation_ms=0.0,
        rows=round(plan["Actual Rows"]),
        blocks_hit=plan["Shared Hit Blocks"],
        blocks_read=plan["Shared Read Blocks"],
        temporary_blocks_written=plan["Temp Written Blocks"],
    )
