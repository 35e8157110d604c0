"""What the workload did between two readings of `pg_stat_statements`, whose counters only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pgwright.model.deployment import CountedStatement
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.workload.shaped import statements_touching

Counts = Mapping[int, CountedStatement]
"""By query id."""


def counts_of(snapshot: Snapshot, tables: Iterable[QualifiedName]) -> dict[int, CountedStatement]:
    """Return the counters of the statements on some tables, all roles together."""
    touching = {one.statement for table in tables for one in statements_touching(table, snapshot)}
    counted: dict[int, CountedStatement] = {}
    for statement in touching:
        known, more = counted.get(statement.query_id), _counted(statement)
        counted[statement.query_id] = more if known is None else _added(known, more, 1)
    return counted


def window(start: Counts, end: Counts) -> dict[int, CountedStatement]:
    """Return what was counted between two readings.

    A statement whose counters shrank was forgotten meanwhile, by a reset or to make room: it is left out.
    """
    spent: dict[int, CountedStatement] = {}
    for query_id, last in end.items():
        first = start.get(query_id)
        between = last if first is None else _added(last, first, -1)
        if between.calls >= 0 and between.total_ms >= 0:
            spent[query_id] = between
    return spent


def _counted(one: Statement) -> CountedStatement:
    squares = one.calls * (one.deviation_ms**2 + one.mean_ms**2)
    blocks = one.blocks_hit + one.blocks_read
    return CountedStatement(one.query_id, one.text, one.calls, one.total_ms, squares, blocks)


def _added(one: CountedStatement, other: CountedStatement, sign: int) -> CountedStatement:
    return replace(
        one,
        calls=one.calls + sign * other.calls,
        total_ms=one.total_ms + sign * other.total_ms,
        squares=max(0.0, one.squares + sign * other.squares),
        blocks=one.blocks + sign * other.blocks,
    )
