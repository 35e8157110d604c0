"""Connections that the app opens past SQLAlchemy, by psycopg or asyncpg itself: told, and read-only.

No engine holds them, so their statements are not counted, and what they commit would stay.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from traceback import walk_stack
from types import ModuleType
from typing import Any

from psycopg import BaseConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwright.figures import listing
from pgwright.model.not_examined import NotExamined

READ_ONLY = "default_transaction_read_only"
# A pooler takes only the parameters that it knows.
REFUSED = "unsupported startup parameter"
_SHOWN = 5


class Doors:
    """What was opened past SQLAlchemy so far."""

    def __init__(self) -> None:
        self.now = "its startup"
        """What runs now: the name of an endpoint."""
        self.behind_pooler = False
        """Whether the server's pooler refuses the setting; then nothing is told apart."""
        self._opened: dict[str, None] = {}
        self._drivers: dict[str, None] = {}

    def note(self, driver: str) -> None:
        self._opened[self.now] = self._drivers[driver] = None

    def told(self) -> Iterator[NotExamined]:
        if self._opened:
            reason = (
                f"{' and '.join(self._drivers)} opened connections without an engine in "
                f"{listing(list(self._opened), _SHOWN)}: their statements are not counted, and the server refuses "
                "their writes"
            )
            yield NotExamined("statements past SQLAlchemy", reason, "use the app's engine there, or read on your own")


@contextmanager
def watched_doors() -> Iterator[Doors]:
    """Note and make read-only what the drivers open by themselves inside the block."""
    doors = Doors()
    undo = [_watch_psycopg(doors), _watch_asyncpg(doors)]
    try:
        yield doors
    finally:
        for put_back in undo:
            put_back()


def _watch_psycopg(doors: Doors) -> Callable[[], None]:
    before = vars(BaseConnection)["_connect_gen"]

    def connect(cls: Any, conninfo: str = "") -> Any:
        given = conninfo_to_dict(conninfo)
        options = str(given.get("options") or "")
        if doors.behind_pooler or READ_ONLY in options or _is_ours():
            return (yield from before.__func__(cls, conninfo))
        doors.note("psycopg")
        given["options"] = f"{options} -c {READ_ONLY}=on".strip()
        try:
            return (yield from before.__func__(cls, make_conninfo("", **given)))
        except Exception as error:
            if REFUSED not in str(error):
                raise
        return (yield from before.__func__(cls, conninfo))

    BaseConnection._connect_gen = classmethod(connect)  # type: ignore[assignment]
    return lambda: setattr(BaseConnection, "_connect_gen", before)


def _watch_asyncpg(doors: Doors) -> Callable[[], None]:
    try:
        module: ModuleType = import_module("asyncpg.connect_utils")
    except ImportError:
        return lambda: None
    before = module._connect

    async def connect(**given: Any) -> Any:
        settings = given.get("server_settings") or {}
        if doors.behind_pooler or READ_ONLY in settings:
            return await before(**given)
        doors.note("asyncpg")
        try:
            return await before(**{**given, "server_settings": {**settings, READ_ONLY: "on"}})
        except Exception as error:
            if REFUSED not in str(error):
                raise
        return await before(**given)

    module._connect = connect  # type: ignore[attr-defined]
    return lambda: setattr(module, "_connect", before)


def _is_ours() -> bool:
    return any(frame.f_globals.get("__name__") == "pgwright.database" for frame, _ in walk_stack(sys._getframe()))
