"""Find the line of the user's code that a statement comes from."""

from __future__ import annotations

import sysconfig
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

import sqlalchemy

from pgwright_runtime.frames import frames
from pgwright_runtime.guard.evidence import Place

_FOREIGN_FOLDERS = tuple(
    str(folder) + "/"
    for folder in {
        Path(sysconfig.get_path("stdlib")),
        Path(sysconfig.get_path("platstdlib")),
        Path(sqlalchemy.__file__).parent,
        Path(__file__).parents[1],
    }
)
# What lies outside a step of the event loop has started the loop, not the statement.
_EVENT_LOOP = frozenset({"asyncio.events", "asyncio.base_events", "asyncio.runners"})


def find_place(packages: Collection[str], outermost: Collection[CodeType] = ()) -> Place | None:
    """Return the innermost frame of the user's code, or None.

    User's code is what lies outside of SQLAlchemy, pgwright, the standard library and site-packages.

    Args:
        packages: top-level packages that are the user's although they are installed in site-packages.
        outermost: functions whose callers are not looked at.
    """
    for frame in frames():
        if frame.f_code in outermost or frame.f_globals.get("__name__") in _EVENT_LOOP:
            return None
        if _is_users(frame.f_code.co_filename) or _is_among(frame, packages):
            return Place(frame.f_code.co_filename, frame.f_lineno, _name(frame.f_code))
    return None


def place_of(function: object) -> Place | None:
    """Return where a function of the user's begins, or None if it is no function."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    return Place(code.co_filename, code.co_firstlineno, _name(code))


def _name(code: CodeType) -> str:
    # Of a comprehension or lambda the function around it; from Python 3.12 on most comprehensions have no frame.
    return code.co_qualname.partition(".<locals>.<")[0]


def _is_among(frame: FrameType, packages: Collection[str]) -> bool:
    return bool(packages) and str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages


@lru_cache(maxsize=4096)
def _is_users(file: str) -> bool:
    # "<string>", "<frozen …>" and the like are generated code.
    if file.startswith("<") or "/site-packages/" in file or "/dist-packages/" in file:
        return False
    return not file.startswith(_FOREIGN_FOLDERS)
