"""Tables that are worked off as a queue, and the statements that ask them for the rows that wait.

No catalog says so; the workload does. A column says which rows wait (`status = …`, `picked_at IS NULL`), an UPDATE sets
it when a row is taken, and one statement asks for such rows again and again, the oldest first, or how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pgwright.checks.families import TableFamily, column_statistics
from pgwright.checks.statements import family_of, plain_queries
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Block, Condition, RowLock, is_count, row_lock
from pgwright.workload.shaped import ShapedStatement

PollKind = Literal["takes", "looks", "counts"]
# A queue has few states, kinds and names of queues; what has more values leads to the rows of somebody.
MOST_VALUES = 50
# Of a column that says when or by whom a row was taken, few rows have none; of one that is about something else, many.
MOST_WAITING = 0.2
_EQUAL = ("=", "in")
_STATES = (*_EQUAL, "is null", "is true", "is false")
_STATE_NAME = re.compile(r"(?:^|_)(?:status|state|phase|stage)$", re.IGNORECASE)
_TAKEN_NAME = re.compile(
    r"(?:^|_)(?:ack(?:nowledged)?|claimed|complete|completed|consumed|delivered|dequeued|dispatched|done|enqueued|executed"
    r"|finished|handled|locked|notified|picked|processed|processing|published|relayed|reserved|running|sent|started|taken"
    r"|worker)(?:_|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Poll:
    """A statement that asks a queue for the rows that wait."""

    query: ShapedStatement
    table: QualifiedName
    family: TableFamily
    block: Block
    """The one that finds the rows."""
    states: tuple[Condition, ...]
    """What tells waiting rows from others; empty where rows are deleted when they are taken."""
    kind: PollKind
    lock: RowLock

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `states`, in the statement's order."""
        return tuple(dict.fromkeys(one.column.column for one in self.states))


def polls(snapshot: Snapshot) -> Iterator[Poll]:
    """Yield the statements that poll, one poll per block that does."""
    for query in plain_queries(snapshot):
        if query.shape.reads_unknown or query.shape.kind not in ("select", "update", "delete"):
            continue
        for block in query.shape.blocks:
            for table in dict.fromkeys(block.tables):
                if (found := _poll(query, block, table, snapshot)) is not None:
                    yield found


def _poll(query: ShapedStatement, block: Block, table: QualifiedName, snapshot: Snapshot) -> Poll | None:
    family = family_of(table, snapshot)
    ours = [one for one in block.conditions if one.column.table == table]
    # A condition on what it is joined with asks for the rows of somebody.
    if family.head.kind not in ("table", "partitioned table") or len(ours) != len(block.conditions) or block.has_offset:
        return None
    kind, lock = _kind(query, block, table)
    if kind is None or not all(_has_few_values(one, family, snapshot) for one in ours if one.operator in _EQUAL):
        return None
    moved = taken_columns(snapshot).get(table, {})
    asked = (*ours, *_in_branches(block, table))
    states = tuple(one for one in asked if one.operator in _STATES and one.column.column in moved)
    if kind != "takes":
        states = tuple(one for one in states if _tells_waiting(one, family, snapshot))
        if not states or not _is_oldest_first(block):
            return None
    elif not states and not block.has_limit:
        return None
    return Poll(query, table, family, block, states, kind, lock)


def _in_branches(block: Block, table: QualifiedName) -> Iterator[Condition]:
    """Yield the states that branches of an OR name: pending, or failed and to be tried again."""
    named = [one.column for each in block.branches for one in each if one.operator in _EQUAL]
    for column in dict.fromkeys(named):
        if column.table == table and named.count(column) > 1 and _STATE_NAME.search(column.column):
            yield Condition(column, "in")


def _kind(query: ShapedStatement, block: Block, table: QualifiedName) -> tuple[PollKind | None, RowLock]:
    """Return how a statement polls; an UPDATE of all that has some state takes nothing: it has no LIMIT."""
    lock = row_lock(query.statement.text)
    if query.shape.kind != "select":
        takes = query.shape.target == table and block.has_limit
        return ("takes", "waits" if lock == "none" else lock) if takes else (None, lock)
    if lock != "none":
        return "takes", lock
    return ("counts" if is_count(query.statement.text) else "looks"), lock


@once_a_snapshot
def taken_columns(snapshot: Snapshot) -> Mapping[QualifiedName, Mapping[str, int]]:
    """Return the columns of each table that an UPDATE sets, each with the rows that were changed so."""
    found: dict[QualifiedName, dict[str, int]] = {}
    for query in plain_queries(snapshot):
        if query.shape.kind == "update" and query.shape.target is not None:
            rows = found.setdefault(query.shape.target, {})
            for column in query.shape.written:
                rows[column] = rows.get(column, 0) + query.statement.rows
    return found


def _has_few_values(condition: Condition, family: TableFamily, snapshot: Snapshot) -> bool:
    """Tell whether a column is no key of somebody; of one that was never analyzed by its type and name."""
    name = condition.column.column
    found = column_statistics(snapshot, family, name)
    if not found:
        return family.head.column_by_name[name].base_type == "bool" or bool(_STATE_NAME.search(name))
    return all(row.distinct_count(family.rows) <= MOST_VALUES for row in found)


def _tells_waiting(condition: Condition, family: TableFamily, snapshot: Snapshot) -> bool:
    """Tell whether a condition asks for rows to be worked on, rather than for those that live or are shown."""
    name = condition.column.column
    if name in snapshot.policy.soft_delete_columns:
        return False
    if condition.operator in _EQUAL:
        return bool(_STATE_NAME.search(name) or _TAKEN_NAME.search(name))
    found = column_statistics(snapshot, family, name)
    is_rare = bool(found) and all(row.null_fraction <= MOST_WAITING for row in found)
    return (is_rare or condition.operator != "is null") and bool(_TAKEN_NAME.search(name))


def _is_oldest_first(block: Block) -> bool:
    """Tell a queue from a page of the newest."""
    return not block.order_by or not block.order_by[-1].is_descending
