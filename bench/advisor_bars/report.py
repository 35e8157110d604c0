"""What came out: written as JSON, and printed beside the bars."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from tpc import BUILD

from advisor_bars.bars import (
    BARS,
    BUDGETS,
    EQUAL_PLANS,
    MEDIAN_SIZE_ERROR,
    MOST_COST_ERROR,
    MOST_REAL_COST_ERROR,
    MOST_SIZE_ERROR,
    MOST_SLOWDOWN,
    PEERS,
    SECONDS,
)
from advisor_bars.built import Run
from advisor_bars.twin import TwinResult

OUTPUT = BUILD / "advisor.json"


def write(twins: Sequence[TwinResult], runs: Sequence[Run], errors: Mapping[str, float]) -> None:
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    sizes = {"indexes": len(errors), "median_error": statistics.median(errors.values()), "errors": errors}
    document = {"runs": [asdict(run) for run in runs], "twin": [asdict(twin) for twin in twins], "sizes": sizes}
    OUTPUT.write_text(json.dumps(document, indent=2) + "\n")


def report(twins: Sequence[TwinResult], runs: Sequence[Run], errors: Mapping[str, float]) -> int:
    missed: list[str] = []

    def bar(is_met: bool, what: str) -> str:
        if not is_met:
            missed.append(what)
        return "met" if is_met else "MISSED"

    say("\ntwin          plans equal   largest cost error   built in   what-ifs/s")
    for twin in twins:
        say(
            f"{twin.benchmark:12s}  {twin.plans_equal:3d} of {twin.plans:3d}   {twin.cost_error_max:18.5%}   "
            f"{twin.build_seconds:6.2f} s   {twin.what_ifs_per_second:9,.0f}"
        )
        bar(twin.plans_equal >= EQUAL_PLANS.get(twin.benchmark, 0), f"{twin.benchmark}: equal plans")
        bar(twin.cost_error_max <= MOST_COST_ERROR, f"{twin.benchmark}: cost of equal plans")
    bar(twins[0].build_seconds < 1.0, "tpch: twin built in 1 s")
    bar(twins[0].what_ifs_per_second >= 1_000, "tpch: 1,000 what-ifs a second")
    bar(twins[-1].build_seconds < 5.0, "1,000 tables: twin built in 5 s")

    say(
        "\nadvice              budget relative cost    bar  best peer  no descent   first    all   plans  indexes"
        "  real MB  est. MB"
    )
    for run in runs:
        place = BUDGETS.index(run.budget_percent)
        wanted = BARS[run.benchmark, run.mode][place]
        peer = f"{PEERS[run.benchmark][place]:.3f}" if run.mode == "b-tree-2" else ""
        flat = "" if run.relative_cost_no_descent is None else f"{run.relative_cost_no_descent:.4f}"
        title = f"{run.benchmark} {run.mode} {run.budget_percent} %"
        first, whole = SECONDS[run.benchmark]
        say(
            f"{run.benchmark:6s} {run.mode:9s}   {run.budget_percent:4d} %   {run.relative_cost:9.4f}   {wanted:6.3f}  "
            f"{peer:>9s}  {flat:>10s}  {run.first_answer_seconds:4.1f} s {run.seconds:5.1f} s  {run.plans:6,d}  "
            f"{run.indexes:7d}  {run.real_bytes / 1e6:8,.0f}  {run.estimated_bytes / 1e6:7,.0f}"
        )
        bar(run.relative_cost <= wanted, f"{title}: relative cost {run.relative_cost:.4f} > {wanted}")
        bar(run.counted_bytes <= run.budget_bytes, f"{title}: budget")
        bar(run.first_answer_seconds <= first, f"{title}: first answer after {run.first_answer_seconds:.2f} s")
        bar(run.seconds <= whole, f"{title}: {run.seconds:.1f} s")
        bar(not run.unused, f"{title}: {len(run.unused)} indexes not used on the server")
        error = abs(run.relative_cost / run.relative_cost_twin - 1)
        bar(error <= MOST_REAL_COST_ERROR, f"{title}: cost on the server differs by {error:.1%}")
        unnamed = set(run.statements_slower) - set(run.statements_at_risk)
        bar(not unnamed, f"{title}: slower without being named as a risk: {sorted(unnamed)}")

    say("\nmeasured: all statements once, warm; a plan is run once however many choices lead to it")
    for run in runs:
        named = len(set(run.statements_slower) & set(run.statements_at_risk))
        say(
            f"{run.benchmark:6s} {run.mode:9s}   {run.budget_percent:4d} %   {run.seconds_before:6.1f} s → "
            f"{run.seconds_after:6.1f} s; {len(run.statements_slower)} statements over {MOST_SLOWDOWN} times slower, "
            f"{named} of them among {len(run.statements_at_risk)} named as risks"
        )
    median, worst = statistics.median(errors.values()), max(errors.values())
    say(f"\nsizes of {len(errors)} built indexes: median error {median:.1%}, worst {worst:.1%}:")
    for definition, error in sorted(errors.items(), key=lambda item: -item[1])[:3]:
        say(f"  {error:.1%}  {definition}")
    bar(median <= MEDIAN_SIZE_ERROR, f"median error of sizes {median:.1%}")
    bar(worst <= MOST_SIZE_ERROR, f"worst error of sizes {worst:.1%}")
    say("\nbars: all met" if not missed else "\nbars missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
