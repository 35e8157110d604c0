"""The work of a command: its progress goes to standard error, when somebody watches, and nothing to standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pgwright.cli.streams import reports_only
from pgwright.model.progress import Progress, silent
from pgwright.visible import as_line


@contextmanager
def watched() -> Iterator[Progress]:
    """Give what the stages report their progress to; it shows one line, which is gone afterwards.

    What the app or a library prints inside goes to standard error.
    """
    with reports_only(), _shown() as progress:
        yield progress


@contextmanager
def _shown() -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield silent
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()
    )  # fmt: skip
    # The bar steers the terminal, which the door would spell out.
    terminal = getattr(sys.stderr, "inner", sys.stderr)
    with Bar(*columns, console=Console(file=terminal), transient=True, redirect_stderr=False) as bar:
        task = bar.add_task("connecting", total=None)

        def show(what: str, done: int = 0, total: int = 0) -> None:
            bar.update(task, description=as_line(what), completed=done, total=total or None)

        yield show


def counting_down(progress: Progress) -> Callable[[str, float], None]:
    """Return what waits some seconds for what it is told, and shows how many have passed."""

    def wait(what: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            progress(what, round(seconds - left), round(seconds))
            time.sleep(min(1.0, left))

    return wait
