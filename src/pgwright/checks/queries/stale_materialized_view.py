"""Find materialized views whose data are old, or whose refresh keeps their readers waiting.

## What it does

Reports a materialized view that was never filled, one whose data are older than its `max_age`, one that shows no
refresh since the counters began while what it reads was written to, and one that is refreshed without CONCURRENTLY.
The age is on record where the app refreshes by `pgwright_runtime.materialized`; PostgreSQL itself keeps none.

## Why it matters

A view that is no longer refreshed answers as fast as ever, with figures of last week, and nobody sees it. REFRESH
without CONCURRENTLY locks out all readers for as long as it takes.

## Example

    0 3 * * * psql -c 'REFRESH MATERIALIZED VIEW daily_orders'  -- readers wait; who notices when it fails?

Use instead:

    refresh_due(engine, Base.metadata)  # each minute, from pgwright_runtime.materialized

## When it is wrong

Where the data are to stay as they are, as at the end of a year: a table says so better. Where what is written does not
change the view's result, a concurrent refresh leaves no trace in the counters.

## Source

PostgreSQL manual, REFRESH MATERIALIZED VIEW
(https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.ages import statistics_days
from pgwright.checks.refreshes import is_concurrent, key, key_advice, recorded_refresh, refresh, refreshes, written
from pgwright.checks.unread import hides_statements
from pgwright.figures import count, duration, listing, milliseconds
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.materialized_view import MaterializedViewState, RefreshRecord
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement

# So many times its max_age, nobody refreshes it any more.
ABANDONED_RATIO = 10.0
# A nightly refresh shows within this, and half a day more when it is late.
FEWEST_DAYS = 1.5
# Fewer written rows may well leave the result as it is.
FEWEST_WRITES = 1_000
# A reader who waits longer has noticed.
LONG_REFRESH_MS = 1_000.0
_DAY = 86_400.0


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    known = {view.name for view in snapshot.materialized_views}
    if unread := [one.name for one in snapshot.tables if one.kind == "materialized view" and one.name not in known]:
        yield CHECK.unexamined(
            "the snapshot does not say what they read and when they were refreshed",
            "take the snapshot again",
            about=listing([name.short for name in unread]),
        )
    is_hidden = hides_statements(snapshot) and bool(snapshot.materialized_views)
    if is_hidden:
        yield CHECK.unexamined(
            "the statements that refresh materialized views are hidden, or not counted",
            "see `pgwright explain extension-missing`",
            about="refreshes in the workload",
        )
    for view in snapshot.materialized_views:
        if view.name in snapshot.table_by_name:
            yield from _findings(snapshot, view, is_hidden=is_hidden)


def _findings(snapshot: Snapshot, view: MaterializedViewState, *, is_hidden: bool) -> Iterator[Finding]:
    if not view.is_populated:
        yield _never_filled(view)
        return
    found = _overdue(snapshot, view, view.record) if view.record is not None else None
    known = list(refreshes(snapshot, view.name))
    if found is None and view.record is None and not known and not is_hidden:
        found = _without_trace(snapshot, view)
    if found is None:
        locking = [one for one in known if not is_concurrent(one) and one.mean_ms >= LONG_REFRESH_MS]
        found = _locking(snapshot, view, max(locking, key=lambda one: one.total_ms)) if locking else None
    if found is not None:
        yield found


def _never_filled(view: MaterializedViewState) -> Finding:
    return CHECK.found(
        view.name.short,
        f"{view.name.short} holds no data: whoever reads it gets an error.",
        severity="high",
        confidence="certain",
        evidence=[Evidence("filled", "no")],
        advice="Fill it; the first time no reader can be kept waiting.",
        sql=f"REFRESH MATERIALIZED VIEW {view.name}",
    )


def _overdue(snapshot: Snapshot, view: MaterializedViewState, record: RefreshRecord) -> Finding | None:
    """Return a finding by what the runtime has on record; a refresh by hand is not."""
    age = max((one for one in (record.data_seconds, record.refreshed_seconds) if one is not None), default=None)
    limit = record.max_age_seconds
    if age is None or age <= (FEWEST_DAYS * _DAY if limit is None else limit):
        return None
    name = view.name.short
    if limit is None:
        message = f"{name} was never refreshed by the app's runtime since it was made, {duration(age)} ago."
    else:
        message = f"The data of {name} are {duration(age)} old, and may be {duration(limit)}."
    is_abandoned = limit is not None and age >= ABANDONED_RATIO * limit
    return CHECK.found(
        name,
        message,
        severity="high" if is_abandoned else None,
        confidence="likely" if limit is None else "certain",
        evidence=[
            Evidence("age of the data", duration(age)),
            *([Evidence("most that it may be", duration(limit), "stated")] if limit is not None else []),
            *_reads(view),
        ],
        advice="Look whether the scheduler that calls refresh_due() runs, what it reports, and whether a refresh takes "
        "longer than its limit." + key_advice(snapshot, view),
        sql=recorded_refresh(snapshot, view),
    )


def _without_trace(snapshot: Snapshot, view: MaterializedViewState) -> Finding | None:
    """Return a finding where the counters show no refresh: it would have written rows, had the result changed."""
    own, days = snapshot.table_by_name[view.name], statistics_days(snapshot)
    if snapshot.server.is_standby or days is None or days < FEWEST_DAYS or own.rows < 1:
        return None
    changes = sum(written(snapshot, source) for source in view.sources)
    if written(snapshot, view.name) or changes < FEWEST_WRITES:
        return None
    return CHECK.found(
        view.name.short,
        f"{view.name.short} shows no refresh in {days:.0f} days, in which {count(changes)} rows of what it reads "
        "were written.",
        confidence="possible",
        evidence=[
            Evidence("rows written by a refresh", "0"),
            Evidence("rows written in what it reads", count(changes)),
            Evidence("counted for", f"{days:.0f} days"),
            *_reads(view),
        ],
        advice="Refresh it on a schedule, and let the app show its age: pgwright_runtime.materialized does both. Where "
        "nobody reads it any more, drop it." + key_advice(snapshot, view),
        sql=refresh(snapshot, view),
    )


def _locking(snapshot: Snapshot, view: MaterializedViewState, statement: Statement) -> Finding:
    return CHECK.found(
        view.name.short,
        f"Each refresh of {view.name.short} keeps its readers waiting, {milliseconds(statement.mean_ms)} on average.",
        evidence=[
            Evidence("statement", statement.text),
            Evidence("calls", count(statement.calls)),
            Evidence("mean time", milliseconds(statement.mean_ms), "measured"),
        ],
        advice="Refresh it CONCURRENTLY: it takes longer, and nobody waits." + key_advice(snapshot, view),
        sql=refresh(snapshot, view) if key(snapshot, view.name) else "",
        queries=[statement.query_id],
    )


def _reads(view: MaterializedViewState) -> Iterator[Evidence]:
    if view.sources:
        yield Evidence("reads", listing([name.short for name in view.sources]))


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "materialized_views", "indexes"),
    severity="medium",
    confidence="likely",
    find=find,
)
