"""What a Backfilled comes to, in words."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, listing, milliseconds
from pgwright.model.backfilled import Backfilled, BackfilledTable

_TITLES = {"run": "Backfills run on", "dry run": "What backfills would do on", "status": "How far backfills are on"}


def title(result: Backfilled) -> str:
    """Return the first line."""
    return f"{_TITLES[result.mode]} {result.database} on {result.server}"


def conclusion(result: Backfilled) -> Iterator[str]:
    """Yield what it comes to, in sentences."""
    if not result.backfills:
        yield "None is declared." if result.mode == "status" else "None is left to do."
    elif result.mode == "dry run":
        cannot = sum(bool(one.refusals) for one in result.backfills)
        yield (
            f"{count(cannot, 'backfill')} cannot run." if cannot else "Nothing was written, and nothing is in the way."
        )
    elif result.is_done:
        yield f"All are done: no row is left for which a condition holds ({count(result.changed, 'row')} changed)."
    else:
        left = sum(not one.is_done for one in result.backfills)
        yield f"{count(left, 'backfill')} {'is' if left == 1 else 'are'} not done; the next run goes on."


def state(one: BackfilledTable) -> str:
    """Return what became of a backfill, or would, in one line."""
    rows = "" if one.left is None else f"{count(one.left, 'row')} left (counted)"
    of = "" if one.rows is None else f"about {count(one.rows, 'row')} (estimated)"
    walked = "" if one.walked is None else f"{count(one.walked, 'row')} looked at"
    changed = f"{count(one.changed, 'row')} changed" if one.changed else ""
    return ", ".join(filter(None, (one.says, changed, walked, rows, of)))


def what(one: BackfilledTable) -> Iterator[str]:
    """Yield what it does."""
    if one.reads:
        yield one.reads
    for column, value in one.sets.items():
        yield f"sets {column} = {value}"
    if one.where:
        yield f"where {one.where}"
    if one.triggers:
        yield f"for each row, these triggers fire: {listing(one.triggers)}"


def work(one: BackfilledTable) -> str:
    """Return how much work it was; "" where it was none."""
    rate = "" if one.rate is None else f"{one.rate:,.0f} rows/s (measured)"
    if not one.batches:
        return rate
    waited = f"waited {milliseconds(one.waited_seconds * 1000)}" if one.waited_seconds else ""
    batches = (
        f"{one.batches:,} {'batch' if one.batches == 1 else 'batches'}, the longest {milliseconds(one.longest_ms)}"
    )
    return ", ".join(filter(None, (batches, f"{milliseconds(one.seconds * 1000)} in all", waited, rate)))


def troubles(one: BackfilledTable) -> Iterator[str]:
    """Yield why rows are left, or why it cannot run."""
    yield from one.refusals
    for reason, number in one.left_out.items():
        yield f"{count(number, 'row')}: {reason}"
    for row in one.failed:
        yield f"the row with key ({', '.join(row.key)}) {row.reason}"
