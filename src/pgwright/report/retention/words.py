"""What a Retained comes to, in words."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, listing, milliseconds
from pgwright.model.retained import Retained, RetainedPartitions, RetainedRule


def title(result: Retained) -> str:
    """Return the first line."""
    verb = "What would go from" if result.is_dry_run else "What went from"
    return f"{verb} {result.database} on {result.server}, by {result.policies}"


def conclusion(result: Retained) -> Iterator[str]:
    """Yield what it comes to, in sentences."""
    rows = count(result.total, "row")
    if result.is_dry_run:
        yield f"{rows} would go; nothing was deleted."
        if result.faults:
            yield "It cannot run yet:"
        elif result.refusals:
            yield "It runs only with --force:"
    elif result.is_done:
        yield f"{rows} went in {_seconds(result.seconds)}; nothing that is due is left, but for what stays."
    else:
        how = f"it ended ({result.ended}), and the next run goes on"
        yield f"{rows} went in {_seconds(result.seconds)}; more is due: {how}."


def rows(rule: RetainedRule) -> Iterator[tuple[str, str]]:
    """Yield the rows that went by table."""
    for table, number in rule.rows.items():
        yield table, f"{number:,}"


def kept(rule: RetainedRule) -> Iterator[str]:
    """Yield the due rows that stay, with the reason."""
    for reason, number in rule.kept.items():
        yield f"{count(number, 'due row')} {'stay' if number != 1 else 'stays'}: {reason}"


def work(rule: RetainedRule) -> str:
    """Return how much work it was, or how it would go."""
    if not rule.batches:
        return rule.walk
    waited = f", waited {_seconds(rule.waited_seconds)}" if rule.waited_seconds else ""
    batches = f"{rule.batches:,} {'batch' if rule.batches == 1 else 'batches'}"
    return f"{batches}, the longest {milliseconds(rule.longest_ms)}{waited}"


def partitions(result: Retained, one: RetainedPartitions) -> Iterator[str]:
    """Yield what was done, or would be, to a partitioned table."""
    if one.is_busy:
        yield "another run is at work on it, so nothing was done"
    elif not (one.created or one.detached or one.dropped or one.left):
        yield "no partition is missing or due"
    verbs = ("to be made", "to be detached", "to be dropped") if result.is_dry_run else ("made", "detached", "dropped")
    for verb, names in zip(verbs, (one.created, one.detached, one.dropped), strict=True):
        if names:
            yield f"{verb}: {listing(names)}"


def problems(result: Retained) -> tuple[str, ...]:
    """Return what keeps it from running."""
    return (*result.faults, *result.refusals)


def _seconds(seconds: float) -> str:
    return milliseconds(seconds * 1000)
