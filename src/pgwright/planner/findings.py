"""Find indexes that the workload needs.

## What it does

Plans every statement of `pg_stat_statements` on the planner twin, with and without candidate indexes, and reports the
indexes that save most planned cost a byte, the cost of keeping them on writes subtracted.

## Why it matters

Without a fitting index the server reads the whole table for a few rows, and does so at every call.

## Example

    SELECT * FROM messages WHERE conversation_id = $1 ORDER BY created_at DESC LIMIT 50

Use instead: the same statement, with

    CREATE INDEX CONCURRENTLY ix_messages_conversation_id_created_at
    ON messages (conversation_id, created_at DESC);

## When it is wrong

Planned cost is no time: `pgwright prove` measures. The values behind `$1` are chosen from the column's statistics, for
the server does not keep them. A table loaded in bulk since the statistics were reset looks as if it were written often.

## Source

PostgreSQL manual, "Indexes" and "Using EXPLAIN"; the cost of a descent is that of `btcostestimate`.
"""

from __future__ import annotations

from pgwright.model.advice import Advice, IndexAdvice
from pgwright.model.change import Change, CreateIndex, DropIndex
from pgwright.model.finding import Evidence, Finding, Severity
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import gist

CHECK_NAME = "missing-index"
_HIGH_SHARE, _MEDIUM_SHARE = 0.05, 0.001
# A statement that becomes this many times cheaper is worth a medium finding however rare it is.
_MEDIUM_RATIO = 10.0
_MOST_STATEMENTS_SHOWN = 3
_MEGABYTE = 1_000_000


def findings_from(advice: Advice, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return one finding an advised index."""
    return tuple(_finding(one, snapshot) for one in advice.indexes)


def _finding(advice: IndexAdvice, snapshot: Snapshot) -> Finding:
    definition = advice.definition
    changes: list[Change] = [
        CreateIndex(definition, is_partitioned=advice.is_partitioned, size_bytes=advice.size_bytes)
    ]
    by_name = {index.name: index for index in snapshot.indexes}
    for name in advice.replaces:
        index = by_name[name]
        changes.append(DropIndex(name, index.table, index.sql, index.size_bytes))
    keys = ", ".join(key.sql() for key in definition.keys)
    where = f" WHERE {definition.predicate}" if definition.predicate else ""
    include = f" INCLUDE ({', '.join(definition.include)})" if definition.include else ""
    best = max((served.cost_before / max(served.cost_after, 0.01) for served in advice.serves), default=1.0)
    count = len(advice.serves)
    return Finding(
        check=CHECK_NAME,
        subject="indexes",
        severity=_severity(advice.gain_share, best),
        confidence="likely",
        object=f"{definition.table.short} ({keys}){include}{where}",
        message=f"An index would make {count} statement{'s' if count != 1 else ''} of the workload up to "
        f"{best:,.0f} times cheaper by planned cost. {advice.reason}",
        evidence=(*_served(advice), *_price(advice)),
        advice=_how(advice),
        changes=tuple(changes),
        queries=tuple(served.query_id for served in advice.serves),
    )


def _how(advice: IndexAdvice) -> str:
    if not advice.is_partitioned:
        return f"Create it: {advice.sql};"
    return (
        f"Create it: {advice.sql}; This blocks writes to all partitions until it ends; `pgwright fix` builds the parts "
        "concurrently, one a partition."
    )


def _severity(share: float, best_ratio: float) -> Severity:
    if share >= _HIGH_SHARE:
        return "high"
    return "medium" if share >= _MEDIUM_SHARE or best_ratio >= _MEDIUM_RATIO else "low"


def _served(advice: IndexAdvice) -> tuple[Evidence, ...]:
    shown = advice.serves[:_MOST_STATEMENTS_SHOWN]
    return tuple(
        Evidence(
            gist(served.text, 100),
            f"cost {served.cost_before:,.2f} → {served.cost_after:,.2f}, {served.calls:,} calls, "
            f"{served.share:.1%} of the workload's planned cost",
            "planned",
        )
        for served in shown
    )


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= _MEGABYTE else f"{count / 1e3:,.1f} kB"


def _price(advice: IndexAdvice) -> tuple[Evidence, ...]:
    return (
        Evidence("gain over the workload, write cost subtracted", f"{advice.gain_share:.2%}", "planned"),
        Evidence("size", _size(advice.size_bytes), "estimated"),
        Evidence(
            "price on writes", f"{advice.writes:,} index entries written, cost {advice.write_cost:,.0f}", "estimated"
        ),
    )
