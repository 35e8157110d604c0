"""Find queues whose workers look for the next job by reading the table.

## What it does

Looks in the workload for tables that are worked off as a queue: an UPDATE sets `status`, `picked_at` or the like, and
another statement asks again and again for the rows that wait, the oldest first, or counts them. Reports those that read
50 blocks a call or more, and five times what an index on the waiting rows would, where no index leads to them in their
order; and those that wait for rows that other workers have locked, which `FOR UPDATE` without `SKIP LOCKED` does. The
time saved is estimated as the share of the blocks that such an index would not read.

## Why it matters

Workers ask whether there is work or not, and finished jobs stay in the table: most calls read all that was ever done to
find nothing. The load grows with each worker and each day, while nobody uses the app.

## Example

    SELECT * FROM job WHERE status = 'pending' ORDER BY created_at LIMIT 1;  -- each worker, each second
    UPDATE job SET status = 'running' WHERE id = $1;

Use instead:

    CREATE INDEX CONCURRENTLY ix_job_created_at_pending ON job (created_at) WHERE status = 'pending';

    UPDATE job SET status = 'running' WHERE id = (
        SELECT id FROM job WHERE status = 'pending' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING *;

and let workers sleep until a NOTIFY wakes them (`pgwright_runtime.jobs`, procrastinate and pgqueuer do), or double the
pause with each answer that is empty.

## When it is wrong

A list of open cases that people look at, not workers: it wants the same index, and no `SKIP LOCKED`. Of a queue inside
functions the server counts the statements only with `pg_stat_statements.track = 'all'`.

## Source

PostgreSQL manual, SELECT, The Locking Clause: SKIP LOCKED "can be used to avoid lock contention with multiple consumers
accessing a queue-like table" (https://www.postgresql.org/docs/current/sql-select.html); NOTIFY; Partial Indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.queue_indexes import is_served, waiting_index
from pgwright.checks.queues import Poll, polls, taken_columns
from pgwright.checks.statements import BLOCKS_A_LOOKUP, Fault, faults, figures
from pgwright.figures import count, share
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.worth import NOTICED_MS
from pgwright.workload.reading import share_of_time

# Fewer are no polling.
FEWEST_CALLS = 50
# Fewer blocks are read in a fraction of a millisecond, whatever for.
FEW_BLOCKS = 50
# By so much more than an index on the waiting rows would read.
MUCH_MORE = 5
# A call that reads few blocks takes a tenth of this: the rest is waiting, for locks or for the disk.
WAITING_MS = 5.0
# From here on, most calls were in vain.
MOSTLY_EMPTY = 0.5
_LISTEN = re.compile(r"\s*listen\b", re.IGNORECASE)


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    faulty = [(one, share) for one in polls(snapshot) if (share := _saved(one, snapshot)) is not None]
    by_table = faults(((one.family.name, one.query.statement, share) for one, share in faulty), snapshot)
    for fault in by_table:
        yield _finding(fault, [one for one, _ in faulty if one.query.statement in fault.statements], snapshot)


def _saved(poll: Poll, snapshot: Snapshot) -> float | None:
    """Return the share of its time that the remedy saves; None where the poll is none, or in order."""
    statement = poll.query.statement
    if statement.calls < FEWEST_CALLS:
        return None
    if not is_served(poll, snapshot):
        needed = _needed_blocks(poll)
        is_much = statement.blocks_per_call >= max(FEW_BLOCKS, MUCH_MORE * needed)
        return 1 - needed / statement.blocks_per_call if is_much else None
    waits = poll.kind == "takes" and poll.lock == "waits" and statement.mean_ms >= WAITING_MS
    return 1 - NOTICED_MS / statement.mean_ms if waits and statement.blocks_per_call < FEW_BLOCKS else None


def _rows(poll: Poll) -> float:
    return 0.0 if poll.kind == "counts" else poll.query.statement.rows_per_call


def _needed_blocks(poll: Poll) -> float:
    """Return what a poll along an index reads: the way down, a block for each row, and each row that is joined."""
    rows = max(_rows(poll), 1.0)
    return BLOCKS_A_LOOKUP + rows + rows * BLOCKS_A_LOOKUP * (len(poll.block.tables) - 1)


def _finding(fault: Fault[QualifiedName], found: Sequence[Poll], snapshot: Snapshot) -> Finding:
    dearest = next(one for one in found if one.query.statement == fault.dearest)
    about = snapshot.describe(fault.place, dearest.columns) if dearest.columns else fault.place.short
    definition = None if is_served(dearest, snapshot) else waiting_index(dearest, snapshot)
    return CHECK.found(
        about,
        _message(dearest, about, snapshot),
        severity=fault.worth.severity,
        confidence=None if dearest.kind == "takes" or _rows(dearest) < MOSTLY_EMPTY else "possible",
        evidence=[*figures(fault), *_evidence(dearest, found, snapshot)],
        advice=_advice(dearest, definition, snapshot),
        changes=[] if definition is None else [CreateIndex(definition, is_partitioned=dearest.family.is_partitioned)],
        queries=fault.queries,
        worth=fault.worth,
    )


def _message(poll: Poll, about: str, snapshot: Snapshot) -> str:
    statement, verb = poll.query.statement, {"takes": "take", "looks": "look for", "counts": "count"}[poll.kind]
    if is_served(poll, snapshot):
        return (
            f"Workers that take rows of {about} wait for one another: FOR UPDATE waits for the row that another has "
            "locked, to find it taken."
        )
    rows = "" if poll.kind == "counts" else f", for {statement.rows_per_call:,.1f} rows"
    read = f"{count(statement.blocks_per_call)} blocks a call{rows}"
    lack = "no index has them in their order" if _near(poll, snapshot) else "no index leads to them"
    return f"Workers {verb} the waiting rows of {about} by reading {read}: {lack}."


def _evidence(poll: Poll, found: Sequence[Poll], snapshot: Snapshot) -> Iterator[Evidence]:
    statements = list(dict.fromkeys(one.query.statement for one in found))
    if snapshot.observed_seconds:
        a_minute = 60 * sum(one.calls for one in statements) / snapshot.observed_seconds
        yield Evidence("polls a minute", f"{a_minute:,.1f}")
    yield Evidence("share of the workload's time", share(share_of_time(statements, snapshot)))
    moved = taken_columns(snapshot).get(poll.table, {})
    if poll.kind != "takes" and poll.columns:
        yield Evidence("rows that changed their state", count(max(moved.get(name, 0) for name in poll.columns)))
    if poll.kind == "takes":
        yield Evidence(
            "rows that others locked", {"skips": "skipped", "fails": "an error"}.get(poll.lock, "waited for")
        )
    yield Evidence("indexes on the state", ", ".join(_near(poll, snapshot)) or "none")
    yield Evidence("LISTEN in the workload", "yes" if _listens(snapshot) else "no")


def _near(poll: Poll, snapshot: Snapshot) -> list[str]:
    indexes = snapshot.indexes_by_table.get(poll.family.name, ())
    return [one.name.name for one in indexes if not {*poll.columns}.isdisjoint(one.definition.columns)]


def _advice(poll: Poll, definition: IndexDefinition | None, snapshot: Snapshot) -> str:
    said = []
    if definition is not None:
        said.append(f"Create {definition.sql()}.")
    elif not is_served(poll, snapshot):
        said.append("Create a partial index on what the poll sorts by, WHERE its rows wait.")
    if poll.lock != "skips":
        said.append(
            "Take rows in one statement, with FOR UPDATE SKIP LOCKED, so that workers neither wait nor take twice."
        )
    if poll.kind == "counts":
        said.append("Do not count what is then taken: take some, and go on until none is left.")
    if not _listens(snapshot):
        said.append(
            "Wake workers by LISTEN and NOTIFY (pgwright_runtime.jobs does), and poll seldom, as a net; or double the "
            "pause with each empty answer."
        )
    return " ".join(said)


def _listens(snapshot: Snapshot) -> bool:
    return any(_LISTEN.match(one.text) for one in snapshot.statements)


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statements", "statistics"),
    severity="medium",
    confidence="likely",
    find=find,
)
