"""A child process that ends with its parent, even with one that is killed: by the kernel, or by a watcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pgwright.embedded import kernel

Way = Literal["kernel", "pipe"]

DEFAULT: Way = "kernel" if sys.platform == "linux" else "pipe"

# The shell becomes the program and leaves a watcher, which reads from a pipe that only the parent can write to: a line
# says that the program has ended, the end of the file that the parent has. The watcher is nobody's child, for the
# postmaster would take the end of a child that it does not know for a crash.
_SCRIPT = 'exec 3<&0 </dev/null; ( ( read -r _ <&3 || kill -s {signal} $$ ) >/dev/null 2>&1 & ); exec 3<&-; exec "$@"'


class Tether:
    """Ties one child to this process: when we die, it gets a signal; SIGINT stops PostgreSQL fast.

    "kernel": Linux tells the child, as soon as the thread that started it is gone.
    "pipe": a watcher, which is a shell, does so on any POSIX system, once our forks that never exec'ed are gone too.
    """

    def __init__(self, way: Way | None = None, ends_by: signal.Signals = signal.SIGINT) -> None:
        self._way = way or DEFAULT
        self._ends_by = ends_by
        self._reader, self._writer = os.pipe() if self._way == "pipe" else (-1, -1)

    def start(
        self, command: Sequence[str | Path], prepare: Callable[[], None] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start the child, which gets no input.

        Args:
            prepare: what the child does before it becomes the program; needs the way "kernel".
            options: Popen's.
        """
        if self._way == "kernel":
            before = _die_with_parent(self._ends_by, prepare)
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=before, **options)
        script = _SCRIPT.format(signal=self._ends_by.name.removeprefix("SIG"))
        try:
            return subprocess.Popen(["/bin/sh", "-c", script, "sh", *command], stdin=self._reader, **options)
        finally:
            os.close(self._reader)

    def release(self) -> None:
        """Dismiss the watcher of a child that has ended; safe to call twice."""
        if self._writer >= 0:
            writer, self._writer = self._writer, -1
            try:
                os.write(writer, b"\n")
            except BrokenPipeError:  # somebody ended the watcher
                pass
            finally:
                os.close(writer)


def _die_with_parent(ends_by: signal.Signals, prepare: Callable[[], None] | None) -> Callable[[], None]:
    parent = os.getpid()

    def before() -> None:
        if prepare is not None:
            prepare()
        kernel.prctl(kernel.DEATH_SIGNAL, ends_by)  # last, for who becomes another user loses it
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return before
