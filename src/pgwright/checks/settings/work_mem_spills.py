"""Find statements that sort or hash on disk, where memory has room for it.

## What it does

Reports `work_mem` where statements that take time wrote temporary files, and how much memory allows each connection.

## Why it matters

A sort or a hash that does not fit in `work_mem` is written to disk and read again. In memory it takes a fraction of
the time, and fills neither the disk nor the system's cache.

## Example

    work_mem = 4MB   -- the default

Use instead:

    ALTER ROLE reports IN DATABASE shop SET work_mem = '64MB';   -- once it is measured

`pgwright prove DSN --settings` looks on a copy for the smallest size with which nothing spills, and measures it.
Where only a report needs it, `SET LOCAL work_mem` in its transaction is enough.

## When it is wrong

Each sort and each hash of a statement may take so much, in each session: memory for all of them has to be there. The
bound that is named is `effective_cache_size` less `shared_buffers`, for `max_connections`, which is an estimate.
Where an index gives the order, or fewer rows are read, nothing is sorted at all.

## Source

PostgreSQL manual, Resource Consumption: work_mem
(https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-WORK-MEM).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.no_workload import why_no_workload
from pgwright.figures import count, milliseconds
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.workload.tuning import MEASURE_IT, Idea, takes_time, work_mem


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (why := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*why)
        return
    idea = work_mem(snapshot)
    if isinstance(idea, str) or not takes_time(idea.statements, snapshot):
        return
    yield CHECK.found(
        idea.name,
        f"{count(len(idea.statements), 'statement')} sorted or hashed on disk: {idea.now} of {idea.name} were too few.",
        evidence=[
            *(Evidence(name, value) for name, value in idea.evidence.items()),
            Evidence("time of these statements", milliseconds(sum(one.total_ms for one in idea.statements))),
        ],
        advice=f"{_advice(idea)} First see whether an index saves the sort.",
        queries=[one.query_id for one in idea.statements],
    )


def _advice(idea: Idea) -> str:
    if not idea.values:
        return "Give more to these statements alone, by SET LOCAL work_mem in their transactions."
    return f"{MEASURE_IT}. It tries {idea.values[0]} and more."


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("statements", "settings", "role_settings"),
    severity="low",
    confidence="possible",
    find=find,
)
