"""Where a report goes: to the terminal as wide and colourful as it is, or to a file, whole or not at all."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pgwright.cli.streams import Door, takes_colors
from pgwright.errors import ConfigError
from pgwright.files import write_text
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
    save(result, chosen, output, shows_all=shows_all)


def show(result: Result, form: Format, *, shows_all: bool) -> None:
    """Print a result on standard output."""
    screen = Screen(_width(), has_color(), shows_all)
    text = render(result, form, screen)
    if form == "terminal":
        paint(text)
    else:
        say(text)


def save(result: Result, form: Format, path: Path, *, shows_all: bool = False) -> None:
    """Write a result to a file that only its owner reads: values of columns may stand in it. Raises ConfigError."""
    write(path, render(result, form, Screen(_WIDTH, shows_all=shows_all)), is_private=True)


def say(text: str) -> None:
    """Print text that was made for standard output."""
    sys.stdout.write(text)
    sys.stdout.flush()


def paint(text: str) -> None:
    """Print text with colours of ours on standard output; what came from elsewhere is visible in it already."""
    if isinstance(sys.stdout, Door):
        sys.stdout.paint(text)
        sys.stdout.flush()
    else:
        say(text)


def tell(text: str) -> None:
    """Print a message on standard error; its later lines are indented, so that none passes for a message of ours."""
    sys.stderr.write(text.replace("\n", "\n  ") + "\n")
    sys.stderr.flush()


def write(path: Path, text: str, *, is_private: bool = False) -> None:
    """Write a file whole or not at all, and say so on standard error. Raises ConfigError."""
    try:
        write_text(path, text, is_private=is_private)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}.") from error
    tell(f"wrote {path}")


def has_color() -> bool:
    """True when standard output takes colours."""
    return takes_colors(sys.stdout)


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDTH, 24)).columns))
