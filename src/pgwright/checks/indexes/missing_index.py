"""Find indexes that the workload needs.

## What it does

Plans every statement of `pg_stat_statements` on the planner twin, with and without candidate indexes, and reports the
set of indexes that saves most planned cost, the cost of keeping them on writes subtracted. An index that exists, and
whose work an advised one does as well, is dropped in the same change.

## Why it matters

Without a fitting index the server reads the whole table for a few rows, and does so at every call.

## Example

    SELECT * FROM messages WHERE conversation_id = $1 ORDER BY created_at DESC LIMIT 50

Use instead: the same statement, with

    CREATE INDEX CONCURRENTLY ix_messages_conversation_id_created_at
    ON messages (conversation_id, created_at DESC);

## When it is wrong

How bad it is goes by time: the measured time of the statements × the share of their planned cost that is saved. Planned
cost is no time: `pgwright prove` measures. The values behind `$1` are chosen from the column's statistics, for
the server does not keep them. A statement that may become slower is named as a risk. A table loaded in bulk since the
statistics were reset looks as if it were written often.

## Source

PostgreSQL manual, "Indexes" and "Using EXPLAIN"; the cost of a descent is that of `btcostestimate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.no_workload import LET_IT_RUN, NOT_OF_TABLES
from pgwright.figures import cost, count, duration, milliseconds, share, size, times
from pgwright.model.advice import Advice, IndexAdvice, Risk
from pgwright.model.change import Change, CreateIndex, DropIndex
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.not_examined import NotExamined
from pgwright.sqltext import gist
from pgwright.workload.reading import MOST_PLANNED

# Of the workload's planned cost, where no times are known: the first thing to do, or worth doing.
HIGH_SHARE, MEDIUM_SHARE = 0.05, 0.001
# A statement that becomes this many times cheaper is worth a medium finding however rare it is.
MEDIUM_RATIO = 10.0
# What a finding shows: the statements with the largest share, and the unplanned ones by their time.
MOST_STATEMENTS, MOST_UNPLANNED = 3, 3
LONGER = 'give it longer: deadline = "5m" in [tool.pgwright], or pgwright advise --deadline 5m'


def find(advice: Advice) -> Iterator[Finding | NotExamined]:
    """Yield one finding an advised index, which also drops what the index replaces.

    What is dispensable without an advised index is the business of `duplicate-index` and `redundant-index`.
    """
    if advice.ended == "unanswered":
        lost = share(advice.unsearched_share + advice.unplanned_share)
        reason = f"the advisor's deadline came before any index was tried, for {lost} of the workload's time"
        yield CHECK.unexamined(reason, LONGER)
        return
    for index in advice.indexes:
        yield _finding(index, advice)
    if advice.ended == "deadline":
        yield _cut_short(advice)
    if advice.beyond_share:
        reason = f"only the {count(MOST_PLANNED)} dearest statements are planned"
        yield CHECK.unexamined(reason, about=f"{share(advice.beyond_share)} of the workload's time")
    if advice.unplanned:
        yield _unplanned(advice)
    elif not advice.statements:
        yield CHECK.unexamined(NOT_OF_TABLES, LET_IT_RUN)


def _cut_short(advice: Advice) -> NotExamined:
    """Return what the deadline kept from the search."""
    if advice.unsearched_share:
        about = f"{share(advice.unsearched_share)} of the workload's time"
        return CHECK.unexamined("the deadline came before any index was tried for it", LONGER, about=about)
    reason = f"the search ended at its deadline, after {duration(advice.seconds)}, with the best set found so far"
    return CHECK.unexamined(reason, LONGER, about="sets of indexes that may be better")


def _unplanned(advice: Advice) -> NotExamined:
    """Return what the advisor could not plan, as one entry that names the worst."""
    unplanned = len(advice.unplanned)
    worst = "; ".join(f"{one.what}: {one.reason}" for one in advice.unplanned[:MOST_UNPLANNED])
    more = f"; and {count(unplanned - MOST_UNPLANNED)} more" if unplanned > MOST_UNPLANNED else ""
    return CHECK.unexamined(
        f"they could not be planned: {worst}{more}",
        "pgwright advise lists them all",
        about=f"{count(unplanned)} of {count(advice.statements + unplanned)} statements, "
        f"{share(advice.unplanned_share)} of the workload's time",
    )


def _finding(index: IndexAdvice, advice: Advice) -> Finding:
    definition = index.definition
    best = max((served.cost_before / max(served.cost_after, 0.01) for served in index.serves), default=1.0)
    risks = _risks(index, advice)
    return CHECK.found(
        f"{definition.table.short} {definition.outline}",
        f"An index would make {count(len(index.serves), 'statement')} of the workload up to {times(best)} times "
        f"cheaper by planned cost. {index.reason}",
        evidence=(*_served(index), *_price(index), *_dropped(index, advice), *map(_at_risk, risks)),
        advice=_how(index, bool(risks)),
        severity=_severity(index, best),
        worth=index.worth,
        changes=_changes(index, advice),
        queries=dict.fromkeys([*(one.query_id for one in index.serves), *(one.query_id for one in risks)]),
    )


def _changes(index: IndexAdvice, advice: Advice) -> Iterator[Change]:
    """Yield the new index, then the drops of those whose work it does."""
    yield CreateIndex(index.definition, is_partitioned=index.is_partitioned, size_bytes=index.size_bytes)
    for old in advice.drops:
        if old.name in index.replaces:
            yield DropIndex(old.name, old.table, old.sql, old.size_bytes)


def _risks(index: IndexAdvice, advice: Advice) -> tuple[Risk, ...]:
    """Return the risks that this index brings; those for whose sake one was left out are no matter of this one."""
    outline = index.definition.outline
    names = {outline, f"{index.definition.table.short} {outline}"}
    return tuple(risk for risk in advice.risks if not risk.is_left_out and names & set(risk.indexes))


def _how(index: IndexAdvice, is_risky: bool) -> str:
    said = [f"Create it: {index.sql};"]
    if index.is_partitioned:
        said.append(
            "This blocks writes to all partitions until it ends; `pgwright fix` builds the parts concurrently, one a "
            "partition."
        )
    if index.replaces:
        said.append(f"Then drop {', '.join(name.short for name in index.replaces)}.")
    if is_risky:
        said.append("Measure the statements at risk first: `pgwright prove`.")
    return " ".join(said)


def _severity(index: IndexAdvice, best_ratio: float) -> Severity:
    """Return how bad it is by the time saved; by planned cost where the workload has no times."""
    if index.worth is not None:
        return index.worth.severity
    if index.gain_share >= HIGH_SHARE:
        return "high"
    return "medium" if index.gain_share >= MEDIUM_SHARE or best_ratio >= MEDIUM_RATIO else "low"


def _served(index: IndexAdvice) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            gist(served.text),
            f"cost {cost(served.cost_before)} → {cost(served.cost_after)}, {count(served.calls, 'call')}"
            + (f" of {milliseconds(served.total_ms / max(served.calls, 1))} (measured)" if served.total_ms else "")
            + f", {share(served.share)} of the workload's planned cost",
            "planned",
        )
        for served in index.serves[:MOST_STATEMENTS]
    )


def _price(index: IndexAdvice) -> Iterator[Evidence]:
    if index.worth is not None:
        yield Evidence("time saved", str(index.worth), "estimated")
    yield Evidence("gain over the workload, write cost subtracted", share(index.gain_share), "planned")
    yield Evidence("size", size(index.size_bytes), "estimated")
    yield Evidence("lock while it is built", index.lock)
    if index.build_seconds:
        yield Evidence("time to build it", duration(index.build_seconds), "estimated")
    hot = f", {count(index.hot_updates_lost, 'HOT update')} lost" if index.hot_updates_lost else ""
    entries = f"{count(index.writes, 'index entry')} written, cost {cost(index.write_cost)}{hot}"
    yield Evidence("price on writes", entries, "estimated")
    if (other := index.runner_up) is not None:
        larger = other.size_bytes / max(index.size_bytes, 1)
        worth = f"gain {share(other.gain_share)} at {times(larger)} times the size, estimated"
        yield Evidence(f"next best: {other.definition.outline}", worth, "planned")


def _dropped(index: IndexAdvice, advice: Advice) -> Iterator[Evidence]:
    for drop in advice.drops:
        if drop.name in index.replaces:
            yield Evidence(f"size of {drop.name.short}, which it replaces", size(drop.size_bytes))
            yield Evidence(f"writes saved by dropping {drop.name.short}", f"cost {cost(drop.saved)}", "estimated")


def _at_risk(risk: Risk) -> Evidence:
    said = f"cost {cost(risk.cost_before)} → {cost(risk.cost_after)}, {count(risk.calls, 'call')}. {risk.reason}"
    if risk.tolerance is not None:
        said += f" Stays cheaper until each estimate of a join is off {times(risk.tolerance)} times."
    return Evidence(f"at risk: {gist(risk.text)}", said, "planned")


CHECK = Check(__name__, reads=Advice, severity="medium", confidence="likely", find=find)
