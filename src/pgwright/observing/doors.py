"""What revisions try to reach outside of the database: refused in Python, where it has a name, before the kernel does.

A data step that asks a service, starts a program or opens a database of its own would reach production. Reading files
is none of that.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psycopg

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/null", "/dev/shm", "/dev/tty")
# Python's own modules that ask the system what it is, and do without an answer.
_ASKING = tuple(f"{os.sep}{name}" for name in (f"ctypes{os.sep}util.py", "platform.py", "uuid.py", "sysconfig.py"))
_PROGRAMS = {"subprocess.Popen": 0, "os.system": 0, "os.exec": 0, "os.posix_spawn": 0, "os.spawn": 1}
_CHANGING = {"os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1}


class ReachedOut(PermissionError):
    """A revision tried to leave the database."""


class WaysOut:
    """All ways out, shut for the rest of this process's life."""

    def __init__(self, folder: Path) -> None:
        """Args: folder: the only one that may be written to."""
        self._folder = os.path.realpath(folder)
        self._tried: list[str] = []
        self._is_shut = False

    def shut(self) -> None:
        """From now on nothing leads outside."""
        self._is_shut = True
        sys.addaudithook(self._asked)
        for owner in (psycopg.Connection, psycopg.AsyncConnection):
            owner.connect = self._no_database  # type: ignore[method-assign]
        psycopg.connect = self._no_database
        if importlib.util.find_spec("psycopg2") is not None:
            psycopg2 = importlib.import_module("psycopg2")
            psycopg2._connect = psycopg2.connect = self._no_database  # type: ignore[attr-defined]

    @contextmanager
    def tried(self) -> Iterator[list[str]]:
        """Collect what is tried inside the block, in words."""
        found: list[str] = []
        self._tried = found
        try:
            yield found
        finally:
            self._tried = []

    def _asked(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_shut:
            return
        if (asked := _WAYS.get(event)) is not None and (what := asked(arguments)):
            self._refuse(what)
        elif event in _PROGRAMS and not _is_python_asking():
            self._refuse(f"the program {_name(arguments[_PROGRAMS[event]])}")
        elif event == "open" and self._is_writing(*arguments[:3]):
            self._refuse(f"a file to write: {_name(arguments[0])}")
        elif event in _CHANGING and not self._is_allowed(arguments[_CHANGING[event]]):
            self._refuse(f"a change of the file {_name(arguments[_CHANGING[event]])}")

    def _is_writing(self, path: object, mode: object, flags: object) -> bool:
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        return writes and not isinstance(path, int) and not self._is_allowed(path)

    def _is_allowed(self, path: object) -> bool:
        try:
            real = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return True
        return real.startswith((self._folder + os.sep, *_DEVICES)) or real == self._folder

    def _no_database(self, *arguments: Any, **keywords: Any) -> NoReturn:
        given = [str(one) for one in arguments if isinstance(one, str)]
        named = {**_keywords(given[0] if given else ""), **keywords}
        host, name = (str(named.get(key) or "") for key in ("host", "dbname"))
        self._refuse(f"a database of its own: {name or 'its default'} on {host or 'this machine'}")

    def _refuse(self, what: str) -> NoReturn:
        if what not in self._tried:
            self._tried.append(what)
        raise ReachedOut(f"it tried to reach {what}")


def _address(arguments: tuple[Any, ...]) -> str:
    address = arguments[1]
    if isinstance(address, tuple):
        return f"the host {address[0]}, port {address[1]}"
    return f"the socket {_name(address)}"


def _host(arguments: tuple[Any, ...]) -> str:
    return f"the host {_name(arguments[0])}" if arguments[0] else ""


_WAYS: dict[str, Callable[[tuple[Any, ...]], str]] = {
    "socket.connect": _address,
    "socket.sendto": _address,
    "socket.getaddrinfo": _host,
    "socket.gethostbyname": _host,
}


def _keywords(dsn: str) -> dict[str, Any]:
    try:
        return dict(psycopg.conninfo.conninfo_to_dict(dsn))
    except psycopg.Error:
        return {}


def _name(what: object) -> str:
    """Return a path or a program without its arguments, which may hold secrets."""
    if isinstance(what, bytes):
        what = os.fsdecode(what)
    return str(what).split()[0] if str(what).split() else "of no name"


def _is_python_asking() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.endswith(_ASKING):
            return True
        frame = frame.f_back
    return False
