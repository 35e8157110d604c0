"""Bars of the planner twin and the index advisor, on TPC-H and TPC-DS at scale 1; all of them in one run.

For each benchmark: is the twin exact, and how fast; then for two kinds of advice and three budgets what the advisor
chooses. All chosen indexes are really built, and for each choice every statement is planned on a fresh connection, and
run once a plan. Writes `build/bench/advisor.json`; the exit code is 1 when a bar is missed.

"b-tree-2" is what the published advisors compete in: B-trees of at most two columns, a budget by HypoPG's size rule.
"all" is every kind of index, a budget in real bytes. Relative cost is the sum of planner costs with the indexes over
the sum with primary keys only. The deadline of a run is what the bar for its seconds leaves after reading and reasons.

HypoPG's hypothetical B-trees have no levels to descend (`tree_height = -1` in its hypopg_index.c), so peers that were
measured with them paid nothing for each descent of a nested loop. The column "no descent" is the b-tree-2 advice priced
in nearly that way, by the twin alone: candidates without levels.
"""

from __future__ import annotations

import sys

import psycopg
from advisor_bars.bars import MODES
from advisor_bars.built import Run, built, drop_built, measure, size_errors
from advisor_bars.choice import choose, own_twin_server
from advisor_bars.report import report, write
from advisor_bars.twin import TwinResult, check_twin, large_twin
from tpc import tpc_server


def main() -> int:
    twins: list[TwinResult] = []
    runs: list[Run] = []
    errors: dict[str, float] = {}
    with tpc_server() as server:
        for name in ("tpch", "tpcds"):
            with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                drop_built(connection)  # what a run that was killed left behind
            with own_twin_server() as twin_server:
                twins.append(check_twin(server, twin_server, name))
            chosen = [choose(server, name, mode) for mode in MODES]
            flat = [one for group in chosen for one in group]
            with built(server, name, flat) as real_bytes:
                errors |= size_errors(flat, real_bytes)
                runs += measure(server, name, flat, real_bytes)
            write(twins, runs, errors)
    with own_twin_server() as twin_server:
        twins.append(large_twin(twin_server))
    write(twins, runs, errors)
    return report(twins, runs, errors)


if __name__ == "__main__":
    sys.exit(main())
