"""What the demo shows between reports: headings, the commands that it runs, and how far it is."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[2]
# Of the child programs where nobody watches, and so of what stands between their output.
WIDTH = 100

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def say(title: str, what: str = "") -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left")
    if what:
        console.print(what, style="dim")


def run(
    arguments: list[str], environment: dict[str, str], *, allowed: set[int] | None = None, shows: slice | None = None
) -> int:
    """Show a command as a user types it, and run it; return its exit code, where it is 0 or allowed.

    Args:
        shows: of what it prints, these paragraphs only.
    """
    console.print(f"[bold]$ {shlex.join(arguments)}[/bold]", soft_wrap=True)
    command_line = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
    # A session of its own: Ctrl-C comes to us alone, and we pass it on once, so that the program can tidy up.
    with subprocess.Popen(
        command_line,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE if shows else None,
        text=True,
    ) as child:
        try:
            printed = child.stdout.read() if child.stdout else ""
            code = child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            child.wait()
            raise
    if shows:
        shown = "\n\n".join(printed.strip().split("\n\n")[shows])
        console.print(f"…\n{shown}", markup=False, soft_wrap=True)
    if code not in {0, *(allowed or ())}:
        sys.exit(code)
    return code


@contextmanager
def progress_bar(verb: str) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn(f"{verb:<7}{{task.description:<22}}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"))
    is_hidden = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=is_hidden) as progress:
        task = progress.add_task("", total=1)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)
