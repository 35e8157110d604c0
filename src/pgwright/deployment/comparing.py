"""Two windows of the workload, side by side: what became faster, and what slower."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.deployment.windows import Counts
from pgwright.model.deployment import ComparedStatement, CountedStatement, StatementVerdict

LEAST_CALLS = 20
"""Fewer calls in either window say nothing: one slow call among them would decide."""
CHANGED = 1.25
"""A mean that differs by less is none that anybody notices, and on a busy server is often chance."""
SURE = 3.0
"""Standard errors by which the means differ: by chance, one of 370 pairs does."""


def compare(before: Counts, after: Counts) -> tuple[ComparedStatement, ...]:
    """Return the statements of both windows: slower ones first, then by the time that is saved."""
    compared = list(_compared(before, after))
    return tuple(sorted(compared, key=lambda one: (one.verdict != "slower", -_saved_ms(one), one.before.query_id)))


def _compared(before: Counts, after: Counts) -> Iterator[ComparedStatement]:
    for query_id, one in before.items():
        other = after.get(query_id)
        if other is not None and (one.calls or other.calls):
            yield ComparedStatement(one, other, judge(one, other))


def judge(before: CountedStatement, after: CountedStatement) -> StatementVerdict:
    """Return what became of a statement: the means compared by Welch's statistic.

    >>> def counted(mean, calls):
    ...     return CountedStatement(1, "", calls, mean * calls, calls * (mean**2 + 1), 0)
    >>> judge(counted(50, 100), counted(2, 100)), judge(counted(2, 100), counted(2.1, 100))
    ('faster', 'unchanged')
    >>> judge(counted(2, 9), counted(9, 9))
    'too few calls'
    """
    if min(before.calls, after.calls) < LEAST_CALLS:
        return "too few calls"
    slow, fast = max(before.mean_ms, after.mean_ms), min(before.mean_ms, after.mean_ms)
    error = (before.error_ms**2 + after.error_ms**2) ** 0.5
    if slow < CHANGED * fast or slow - fast < SURE * error:
        return "unchanged"
    return "faster" if after.mean_ms < before.mean_ms else "slower"


def _saved_ms(one: ComparedStatement) -> float:
    return (one.before.mean_ms - one.after.mean_ms) * one.after.calls
