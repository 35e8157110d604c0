"""Find databases that are read from memory and planned as if from a disk that turns.

## What it does

Reports a `random_page_cost` above 2 where at least 99 % of the blocks that the statements read were in the cache, and
statements that read 100 blocks a call or more take time.

## Why it matters

The default of 4 says that a page read at random costs four times one read in sequence. From memory it does not: the
planner then reads whole tables where an index would be faster. On TPC-H, all in memory, 1.1 alone takes a
run from 19.3 to 17.7 s (`python bench/worth.py tpc-settings`).

## Example

    random_page_cost = 4   -- the default

Use instead:

    ALTER DATABASE shop SET random_page_cost = '1.1';   -- for new sessions, once it is measured

`pgwright prove DSN --settings` tries it on a copy over the whole workload: what gets faster, and what slower.

## When it is wrong

The cache may be warm for what runs now and cold for a report at night. Where the plans are right already, nothing
changes.

## Source

PostgreSQL manual, Query Planning: random_page_cost
(https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-RANDOM-PAGE-COST): where data is likely to be
completely in cache, lowering it can be appropriate.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.no_workload import why_no_workload
from pgwright.figures import milliseconds
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.workload.tuning import MEASURE_IT, is_cached, random_page_cost, takes_time


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (why := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*why)
        return
    idea = random_page_cost(snapshot)
    if isinstance(idea, str) or not is_cached(snapshot) or not takes_time(idea.statements, snapshot):
        return
    yield CHECK.found(
        idea.name,
        f"The planner takes a page read at random to cost {float(idea.now):g} times one read in sequence, and nearly "
        "all are in memory.",
        evidence=[
            *(Evidence(name, value) for name, value in idea.evidence.items()),
            Evidence("time of statements that read much", milliseconds(sum(one.total_ms for one in idea.statements))),
        ],
        advice=f"{MEASURE_IT}. It tries {idea.name} = {idea.values[0]}; first make the indexes that are missing.",
    )


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("statements", "settings", "role_settings"),
    severity="low",
    confidence="possible",
    find=find,
)
