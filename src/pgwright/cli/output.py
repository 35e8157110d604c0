"""Where a report goes: to the terminal as wide and colourful as it is, or to a file, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from pgwright.errors import ConfigError
from pgwright.report import Format, Result, Screen, render

_BY_SUFFIX: dict[str, Format] = {".html": "html", ".htm": "html", ".json": "json", ".md": "markdown", ".sarif": "sarif"}
_NARROWEST, _WIDEST = 20, 140
# What a pipe or a file gets.
_WIDTH = 100


def emit(result: Result, form: Format | None, output: Path | None, *, shows_all: bool) -> None:
    """Print a result, or write it to a file in the format that is asked for or that its name says."""
    if output is None:
        show(result, form or "terminal", shows_all=shows_all)
        return
    chosen = form or _BY_SUFFIX.get(output.suffix.lower(), "terminal")
    write(output, render(result, chosen, Screen(_WIDTH, shows_all=shows_all)))


def show(result: Result, form: Format, *, shows_all: bool) -> None:
    """Print a result on standard output."""
    screen = Screen(_width(), has_color(), shows_all)
    say(render(result, form, screen))


def say(text: str) -> None:
    """Print text that was made for standard output; what its encoding lacks becomes a question mark."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    printable = text.encode(encoding, errors="replace").decode(encoding)
    click.echo(printable, nl=False, color=has_color())


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and say so on standard error. Raises ConfigError."""
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, a pipe
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}.") from error
    click.echo(f"wrote {path}", err=True)


def has_color() -> bool:
    """True when standard output takes colours and nobody asked for none (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDTH, 24)).columns))


def _replace(path: Path, text: str) -> None:
    handle, staging = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(staging, 0o666 & ~mask)  # mkstemp makes files that only we may read
        os.replace(staging, path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise
