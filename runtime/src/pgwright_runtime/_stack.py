"""Which line of the app is being executed, through the greenlets in which SQLAlchemy runs async drivers, too."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Literal

import sqlalchemy

# SQLAlchemy and pgwright_runtime, with its pytest plugin beside it, only pass on what the app decided.
# All paths are compared with "/" in them, which Windows has not.
_HERE = Path(__file__).parent
_PASSING_ON = (
    f"{Path(sqlalchemy.__file__).parent.as_posix()}/",
    f"{_HERE.as_posix()}/",
    _HERE.with_name("_pgwright_pytest.py").as_posix(),
)
_STANDARD_LIBRARY = tuple(
    f"{Path(folder).as_posix()}/" for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
)
# Code without a file is generated, as SQLAlchemy's wrappers, unless somebody typed it: Python's prompt names it
# <stdin>, from 3.13 on <python-input-0>; IPython <ipython-input-1-…>.
_TYPED_IN = ("<stdin", "<python-input", "<ipython-input")
# What lies outside a step of the event loop has started the loop, not the statement.
_EVENT_LOOP = frozenset({"asyncio.events", "asyncio.base_events", "asyncio.runners"})


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def find_line(
    packages: Collection[str] = (), outermost: Collection[CodeType] = (), *, or_package: bool = False
) -> CodeLine | None:
    """Return the innermost line of the app, or None.

    The app is what lies outside of SQLAlchemy, pgwright, the standard library and site-packages.

    Args:
        packages: top-level packages that are the app's although they are installed in site-packages.
        outermost: functions whose callers are not looked at.
        or_package: where no line of the app is found, return the innermost one of an installed package.
    """
    installed: CodeLine | None = None
    for frame in _frames():
        if frame.f_code in outermost or frame.f_globals.get("__name__") in _EVENT_LOOP:
            break
        kind = _kind(frame.f_code.co_filename)
        if kind == "app" or (packages and _is_among(frame, packages)):
            return _line(frame.f_code, frame.f_lineno)
        if or_package and kind == "package" and installed is None:
            installed = _line(frame.f_code, frame.f_lineno)
    return installed


def first_line(function: object) -> CodeLine | None:
    """Return where a function begins, or None if it is no function."""
    code = getattr(function, "__code__", None)
    return _line(code, code.co_firstlineno) if isinstance(code, CodeType) else None


def _frames() -> Iterator[FrameType]:
    """Yield the frames from that of the caller's caller on, the innermost first.

    The coroutine that awaits a statement stands on the stack of the greenlet's parent.
    """
    # A generator's own frame is entered by the one that iterates: the caller.
    frame: FrameType | None = sys._getframe(2)
    current: Callable[[], object] | None = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    greenlet = current() if current else None
    while frame is not None:
        while frame is not None:
            yield frame
            frame = frame.f_back
        greenlet = getattr(greenlet, "parent", None)
        frame = getattr(greenlet, "gr_frame", None)


def _line(code: CodeType, number: int) -> CodeLine:
    # Of a comprehension or lambda the function around it; from Python 3.12 on most comprehensions have no frame.
    return CodeLine(code.co_filename, number, code.co_qualname.partition(".<locals>.<")[0])


def _is_among(frame: FrameType, packages: Collection[str]) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages


@lru_cache(maxsize=4096)
def _kind(file: str) -> Literal["app", "package", "neither"]:
    if file.startswith("<"):
        return "app" if file.startswith(_TYPED_IN) else "neither"
    file = file.replace("\\", "/")
    if file.startswith(_PASSING_ON):
        return "neither"
    # Before the standard library, whose folder may hold that of the packages.
    if "/site-packages/" in file or "/dist-packages/" in file:
        return "package"
    return "neither" if file.startswith(_STANDARD_LIBRARY) else "app"
