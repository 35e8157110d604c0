"""Which index leads to the rows of a queue that wait, and the partial one that would."""

from __future__ import annotations

import re

from pgwright.checks.families import TableFamily, column_statistics
from pgwright.checks.queues import Poll
from pgwright.checks.soft_delete import mentions
from pgwright.checks.time_marks import constant_of
from pgwright.indexes.names import conventional_name
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import quote, quote_literal
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Condition

_WAITING = re.compile(r"available|created|enqueued|new|open|pending|queued|ready|retry|scheduled|todo|waiting", re.I)
_SEARCHED = ("=", "in", "is null", "is true", "is false")


def is_served(poll: Poll, snapshot: Snapshot) -> bool:
    """Tell whether an index leads to the waiting rows: one of them alone, or one of all rows that has them in order."""
    indexes = snapshot.indexes_by_table.get(poll.family.name, ())
    return any(index.is_valid and _serves(index.definition, poll) for index in indexes)


def _serves(index: IndexDefinition, poll: Poll) -> bool:
    if index.predicate is not None:
        return any(mentions(index.predicate, column) for column in poll.columns)
    searched = {one.column.column for one in poll.block.conditions if one.operator in _SEARCHED}
    leading = 0
    while leading < len(index.columns) and index.columns[leading] in searched:
        leading += 1
    is_led = not poll.states or not {*poll.columns}.isdisjoint(index.columns[:leading])
    sorted_by = [key.column.column for key in poll.block.order_by]
    is_sorted = not sorted_by or index.columns[leading : leading + 1] == tuple(sorted_by[:1])
    return index.method == "btree" and is_led and is_sorted


def waiting_index(poll: Poll, snapshot: Snapshot) -> IndexDefinition | None:
    """Return the partial index on what a poll sorts by; None where nothing tells the value of a row that waits.

    `pg_stat_statements` has `$1` in its place: `missing-index` then finds it by plans.
    """
    said = [_predicate(one, poll.family, snapshot) for one in poll.states]
    keys = _keys(poll)
    is_unread = not said and bool(poll.block.conditions or poll.block.branches)
    if None in said or not keys or is_unread:
        return None
    columns = tuple(key.column or "" for key in keys)
    return IndexDefinition(
        name=conventional_name(snapshot, poll.family.name, columns, "waiting" if said else ""),
        table=poll.family.name,
        keys=keys,
        predicate=" AND ".join(str(one) for one in said) or None,
    )


def _keys(poll: Poll) -> tuple[IndexKey, ...]:
    """Return what else a poll compares, the queue's name say, and what it sorts by; else what tells the rows apart."""
    equal = [one.column.column for one in poll.block.conditions if one.operator == "=" and one not in poll.states]
    ordered = [key for key in poll.block.order_by if key.column.table == poll.table]
    if not ordered:
        ends = poll.family.head.primary_key if poll.states else ()
        return tuple(map(IndexKey, dict.fromkeys((*equal, *ends))))
    keys = [
        IndexKey(key.column.column, is_descending=key.is_descending, nulls_first=key.nulls_first) for key in ordered
    ]
    return (*map(IndexKey, dict.fromkeys(equal)), *(key for key in keys if key.column not in equal))


def _predicate(condition: Condition, family: TableFamily, snapshot: Snapshot) -> str | None:
    name = condition.column.column
    truths = {"is null": f"{quote(name)} IS NULL", "is true": quote(name), "is false": f"NOT {quote(name)}"}
    if condition.operator in truths:
        return truths[condition.operator]
    value = _waiting_value(name, family, snapshot) if condition.operator == "=" else None
    return None if value is None else f"{quote(name)} = {quote_literal(value).strip()}"


def _waiting_value(name: str, family: TableFamily, snapshot: Snapshot) -> str | None:
    """Return the state of a row that waits: the column's default, or the one value whose word says so."""
    default = constant_of(family.head.column_by_name[name].default)
    common = [value for row in column_statistics(snapshot, family, name) for value in row.common_values or ()]
    known = [value for value in ([default] if default else dict.fromkeys(common)) if _WAITING.fullmatch(value)]
    return known[0] if len(known) == 1 else None
