"""The standard streams while a command runs: no hidden character leaves by them, and only the report by the first."""

from __future__ import annotations

import ctypes
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from pgwright.visible import visible

_STDOUT, _STDERR = 1, 2


class Door(io.TextIOBase):
    """A stream that spells hidden characters out; colours pass only of what is painted, where it takes them.

    What the encoding of the stream lacks becomes a question mark, here and not in click, which would take text past
    a stream whose encoding is ASCII.
    """

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        self._pass(visible(text))
        return len(text)

    def paint(self, text: str) -> None:
        """Write what rich rendered, with its colours."""
        self._pass(visible(text, keeps_colors=takes_colors(self.inner)))

    def _pass(self, shown: str) -> None:
        encoding = getattr(self.inner, "encoding", None) or "utf-8"
        self.inner.write(shown.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        self.inner.flush()

    def fileno(self) -> int:
        return self.inner.fileno()

    def isatty(self) -> bool:
        return self.inner.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@contextmanager
def doors() -> Iterator[None]:
    """Let what goes to the standard streams pass a door."""
    _open_closed()
    with redirect_stdout(Door(sys.stdout)), redirect_stderr(Door(sys.stderr)):
        yield


@contextmanager
def reports_only() -> Iterator[None]:
    """Send to standard error what anything inside prints on standard output, compiled libraries too.

    Reports are printed outside; what a library says is none.
    """
    sys.stdout.flush()
    _flush_compiled()
    kept = os.dup(_STDOUT)
    try:
        os.dup2(_STDERR, _STDOUT)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        # C keeps what it prints until a buffer is full, and would print it after the report.
        _flush_compiled()
        os.dup2(kept, _STDOUT)
        os.close(kept)


def takes_colors(stream: TextIO) -> bool:
    """True when a stream takes colours and nobody asked for none (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def _flush_compiled() -> None:
    ctypes.CDLL(None).fflush(None)


def _open_closed() -> None:
    """Give a descriptor to standard streams that were closed, or the next file opened would be taken for one."""
    for number in (0, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
