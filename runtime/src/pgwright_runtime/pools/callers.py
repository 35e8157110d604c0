"""Find the line of the app that is being executed, under asyncio, too."""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Literal

import sqlalchemy

from pgwright_runtime.frames import frames

# SQLAlchemy and pgwright_runtime, which never decide to take a connection.
_PASSING_ON = tuple(f"{folder}/" for folder in (Path(sqlalchemy.__file__).parent, Path(__file__).parents[1]))
# The wrappers that SQLAlchemy generates, 2.0 and 2.1.
_GENERATED = ("<string>", "<sqlalchemy")
_STANDARD_LIBRARY = tuple(f"{folder}/" for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})


@dataclass(frozen=True)
class Caller:
    """A line of the app."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def find_caller() -> Caller | None:
    """Return the innermost line of the app, or, where only packages call each other, of the package that called.

    SQLAlchemy, pgwright and the standard library are neither.
    """
    installed: Caller | None = None
    for frame in frames():
        kind = _kind(frame.f_code.co_filename)
        if kind == "app":
            return _caller(frame)
        if kind == "package" and installed is None:
            installed = _caller(frame)
    return installed


def _caller(frame: FrameType) -> Caller:
    return Caller(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


@lru_cache(maxsize=4096)
def _kind(file: str) -> Literal["app", "package", "neither"]:
    if file.startswith(("<frozen", *_GENERATED, *_PASSING_ON)):
        return "neither"
    if "/site-packages/" in file or "/dist-packages/" in file:
        return "package"
    return "neither" if file.startswith(_STANDARD_LIBRARY) else "app"
