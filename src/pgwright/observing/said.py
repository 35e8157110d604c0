"""What an error of a revision comes to, in words, and whether it would happen in production too."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import psycopg

from pgwright.model.migration import FailureKind
from pgwright.observing.doors import ReachedOut
from pgwright.visible import on_one_line

_MOST_LETTERS = 600
_PSQL = re.compile(r"^\s*\\(\w+)", re.MULTILINE)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_INSTALL = "Run pgwright where the app is installed, as in: pip install pgwright"
_NOT_OURS = "None: the twin's role is an ordinary one. In production it takes a role with that right"
_RIGHTS = "42501"  # INSUFFICIENT PRIVILEGE


@dataclass(frozen=True)
class WhyEnded:
    """Why a revision ended before its end."""

    kind: FailureKind
    reason: str
    remedy: str = ""
    """What to do so that it runs here."""


def said(error: BaseException) -> str:
    """Return what an error says on one line, the server's own words where it comes from there."""
    server = server_error(error)
    if server is not None:
        return on_one_line(server.diag.message_primary or str(server)).strip()[:_MOST_LETTERS]
    text = _ADDRESS.sub("", on_one_line(str(error)).strip().encode("utf-8", "replace").decode())[:_MOST_LETTERS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def failure_of(error: BaseException, text: str = "") -> WhyEnded:
    """Return what an error of a revision comes to.

    Args:
        text: the statement that failed last; "" where none did.
    """
    chain = list(_chain(error))
    reached = next((one for one in chain if isinstance(one, ReachedOut)), None)
    if reached is not None:
        return WhyEnded("reached out", str(reached), "Let the revision take what it needs from the database alone")
    server = server_error(error)
    if server is not None and server.sqlstate == _RIGHTS:
        return WhyEnded("rights missing", said(server), _NOT_OURS)
    if server is not None and server.sqlstate is not None:
        return WhyEnded("server refused", _refused(server, text))
    lacking = next((one for one in chain if isinstance(one, ImportError)), None)
    if lacking is not None:
        return WhyEnded("not importable", said(lacking), _INSTALL)
    if (variable := _variable(chain)) is not None:
        return WhyEnded("setting missing", said(error), variable)
    return WhyEnded("Python raised", said(error))


def server_error(error: BaseException) -> psycopg.Error | None:
    """Return the server's error in a chain of them."""
    return next((one for one in _chain(error) if isinstance(one, psycopg.Error)), None)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error with those that it came from."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop(0)
        if one is not None and one not in found:
            found.append(one)
            left += [getattr(one, "orig", None), one.__cause__, one.__context__]
    return found


def _refused(error: psycopg.Error, text: str) -> str:
    what = said(error)
    if (command := _PSQL.search(text)) is not None:
        return f"{what}. \\{command[1]} is a command of psql, which no server understands: send SQL"
    return what


def _variable(chain: list[BaseException]) -> str | None:
    """Return what to set, where an error is about the environment or about settings; None where it is not."""
    for one in chain:
        name = one.args[0] if isinstance(one, KeyError) and one.args else None
        if isinstance(name, str) and name.isupper() and name not in os.environ:
            return f"Set the environment variable {name}; any value will do, for nothing outside is reached"
        if type(one).__name__ == "ValidationError" and type(one).__module__.startswith("pydantic"):
            return f"Set what the app's settings ask for: {', '.join(_fields(one)) or 'see the reason'}"
        if type(one).__name__ in ("ImproperlyConfigured", "UndefinedValueError"):
            return "Set what the app's settings ask for"
    named = re.search(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", str(chain[0]))
    if named is not None and re.search(r"environ|env var|not set|missing|required", str(chain[0]), re.IGNORECASE):
        return f"Set the environment variable {named[0]}; any value will do, for nothing outside is reached"
    return None


def _fields(error: object) -> list[str]:
    errors = getattr(error, "errors", None)
    found = errors() if callable(errors) else []
    return [".".join(map(str, one.get("loc", ()))) for one in found if isinstance(one, dict)][:8]
