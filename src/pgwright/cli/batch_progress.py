"""The progress of batches on standard error: how far, how fast, how long, and what they wait for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from pgwright.visible import as_line
from pgwright_runtime.batches import BatchProgress

_WORDS = TextColumn("{task.description}", markup=False)


@contextmanager
def watched_batches() -> Iterator[Callable[[BatchProgress], None]]:
    """Give what batches report to; without a terminal nothing is shown."""
    if not sys.stderr.isatty():
        yield lambda told: None
        return
    # The bar steers the terminal, which the door would spell out.
    terminal = getattr(sys.stderr, "inner", sys.stderr)
    columns = (SpinnerColumn(), _WORDS, BarColumn(), TextColumn("{task.fields[said]}", markup=False))
    with Progress(*columns, console=Console(file=terminal), transient=True, redirect_stderr=False) as bar:
        task = bar.add_task("connecting", total=None, said="")

        def show(told: BatchProgress) -> None:
            bar.update(
                task,
                description=as_line(told.job),
                completed=told.walked,
                total=told.total,
                said=as_line(in_words(told)),
            )

        yield show


def in_words(told: BatchProgress) -> str:
    """Return how far it is.

    >>> in_words(BatchProgress("token (expires_at)", 3000, 3000, 9000, 10))
    '3,000 rows, 300/s, 20 s left'
    >>> in_words(BatchProgress("token (expires_at)", 3000, 3000, None, 10, "the replica r1 is 20.0 MB behind"))
    '3,000 rows, 300/s, waits: the replica r1 is 20.0 MB behind'
    """
    said = f"{told.rows:,} rows, {told.rate:,.0f}/s"
    if told.waiting:
        return f"{said}, waits: {told.waiting}"
    return said if told.seconds_left is None else f"{said}, {_time(told.seconds_left)} left"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
