"""The one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from pgwright.cli.output import tell
from pgwright.database import mask
from pgwright.errors import PgwrightError
from pgwright.interrupts import INTERRUPTED, WORDS
from pgwright.visible import on_one_line

COULD_NOT_RUN = 2
BROKEN_PIPE = 141  # 128 and the signal's number, as shells report it
_TRACEBACK = "PGWRIGHT_TRACEBACK"
_FILE = "pgwright.cli.failures.file"


@contextmanager
def told(context: click.Context) -> Iterator[None]:
    """Run a command; what goes wrong is one message on standard error, never a traceback."""
    try:
        with _termination_unwinds():
            yield
    except PgwrightError as error:
        _end(context, str(error))
    except KeyboardInterrupt:
        _what_is_open_ends_with_us()
        tell("")  # after the ^C that the terminal shows
        tell(WORDS)
        context.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        context.exit(BROKEN_PIPE)
    except OSError as error:  # no room, no right, no descriptor: nothing to report to us
        where = f" ({error.filename!r})" if error.filename else ""
        _end(context, f"the system refused: {error.strerror or error}{where}.")
    except (click.exceptions.Exit, click.ClickException, click.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - a traceback helps nobody who only uses the tool
        if os.environ.get(_TRACEBACK):
            tell(mask(traceback.format_exc()))
        said = f"{type(error).__name__}: {on_one_line(str(error))[:500]}"
        if (file := context.meta.get(_FILE)) is not None:
            again = "Take it anew: pgwright snapshot DSN -o FILE. If pgwright wrote it as it is, please report it"
            _end(context, f"the snapshot {file!r} is damaged or was edited ({said}). {again}, with {_TRACEBACK}=1 set.")
        _end(context, f"internal error: {said}. Please report it, with {_TRACEBACK}=1 set.")


def note_source(context: click.Context, source: str | None) -> None:
    """Remember that a command reads a snapshot file: what then goes wrong may be the file's fault."""
    with suppress(OSError, ValueError):  # a DSN can be longer than a path may be
        if source is not None and Path(source).is_file():
            context.meta[_FILE] = source


def _end(context: click.Context, message: str) -> NoReturn:
    tell(f"pgwright: {mask(message)}")
    context.exit(COULD_NOT_RUN)


def _what_is_open_ends_with_us() -> None:
    """A signal can come between opening and `with`: the end of the process closes that, and no warning is due."""
    warnings.simplefilter("ignore", ResourceWarning)


@contextmanager
def _termination_unwinds() -> Iterator[None]:
    """Let SIGTERM and SIGHUP run every `finally`, so that no server and no directory stays behind."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        _what_is_open_ends_with_us()
        raise SystemExit(128 + number)

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    except ValueError:  # not the main thread: whoever runs us there handles signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
