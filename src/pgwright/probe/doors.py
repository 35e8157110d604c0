"""Connections that the app opens past SQLAlchemy, by psycopg, psycopg2 or asyncpg itself: told, and read-only.

No engine holds them, so their statements are not counted, and what they commit would stay. Where the server cannot be
asked to refuse their writes, and where it opens connections itself (dblink), the report says what may have stayed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
BY_ENGINE = ContextVar("BY_ENGINE", default=False)
"""Whether an engine connects, without the setting, for a pooler refused it."""
REFUSED = "unsupported startup parameter"
_SHOWN = 5
_REFUSED = "are refused by the server, unless they ask for a transaction that is READ WRITE"
_LINK = re.compile(r"\bdblink(?:_exec|_send_query|_connect(?:_u)?|_open)?\s*\(", re.IGNORECASE)


class Doors:
    """What was opened past SQLAlchemy so far."""

    def __init__(self) -> None:
        self.now = "its startup"
        """What runs now: the name of an endpoint."""
        self.behind_pooler = False
        """Whether the server's pooler refuses the setting; then the app's own connections may write."""
        self._opened: dict[str, None] = {}
        self._drivers: dict[str, None] = {}
        self._linked: dict[str, None] = {}

    def note(self, driver: str) -> None:
        self._opened[self.now] = self._drivers[driver] = None

    def note_statement(self, statement: str) -> None:
        """Take note of a statement that lets the server open a connection of its own."""
        if _LINK.search(statement):
            self._linked[self.now] = None

    def told(self) -> Iterator[NotExamined]:
        if self._opened:
            fate = "may have stayed: a pooler takes no read-only connections" if self.behind_pooler else _REFUSED
            reason = (
                f"{' and '.join(self._drivers)} opened connections without an engine in "
                f"{listing(list(self._opened), _SHOWN)}: their statements are not counted, and their writes {fate}"
            )
            yield NotExamined("statements past SQLAlchemy", reason, "use the app's engine there, or read on your own")
        if self._linked:
            reason = f"{listing(list(self._linked), _SHOWN)} used dblink, and what it writes is not rolled back"
            yield NotExamined("statements past the transaction", reason, "look at what it wrote, and --skip it")

    @property
    def kept(self) -> tuple[str, ...]:
        """The endpoints whose writes may have stayed."""
        past = self._opened if self.behind_pooler else {}
        return tuple({**past, **self._linked})


@contextmanager
def watched_doors() -> Iterator[Doors]:
    """Note and make read-only what the drivers open by themselves inside the block."""
    doors = Doors()
    undo = [_watch_psycopg(doors), _watch_psycopg2(doors), _watch_asyncpg(doors)]
    try:
        yield doors
    finally:
        for put_back in undo:
            put_back()


def _watch_psycopg(doors: Doors) -> Callable[[], None]:
    before = vars(BaseConnection)["_connect_gen"]

    def connect(cls: Any, /, conninfo: str = "", **waiting: Any) -> Any:  # psycopg 3.2.4 gives a timeout
        given = conninfo_to_dict(conninfo)
        options = str(given.get("options") or "")
        if READ_ONLY in options or BY_ENGINE.get() or _is_ours():
            return (yield from before.__func__(cls, conninfo, **waiting))
        doors.note("psycopg")
        if doors.behind_pooler:
            return (yield from before.__func__(cls, conninfo, **waiting))
        given["options"] = f"{options} -c {READ_ONLY}=on".strip()
        try:
            return (yield from before.__func__(cls, make_conninfo("", **given), **waiting))
        except Exception as error:
            if REFUSED not in str(error):
                raise
            doors.behind_pooler = True
        return (yield from before.__func__(cls, conninfo, **waiting))

    BaseConnection._connect_gen = classmethod(connect)  # type: ignore[assignment]
    return lambda: setattr(BaseConnection, "_connect_gen", before)


def _watch_psycopg2(doors: Doors) -> Callable[[], None]:
    try:
        module: ModuleType = import_module("psycopg2")
    except ImportError:
        return lambda: None
    before = module._connect

    def connect(dsn: str, **given: Any) -> Any:
        options = str(conninfo_to_dict(dsn).get("options") or os.environ.get("PGOPTIONS", ""))
        if READ_ONLY in options or BY_ENGINE.get():
            return before(dsn, **given)
        doors.note("psycopg2")
        if doors.behind_pooler:
            return before(dsn, **given)
        try:
            return before(make_conninfo(dsn, options=f"{options} -c {READ_ONLY}=on".strip()), **given)
        except Exception as error:
            if REFUSED not in str(error):
                raise
            doors.behind_pooler = True
        return before(dsn, **given)

    module._connect = connect  # type: ignore[attr-defined]
    return lambda: setattr(module, "_connect", before)


def _watch_asyncpg(doors: Doors) -> Callable[[], None]:
    try:
        module: ModuleType = import_module("asyncpg.connect_utils")
    except ImportError:
        return lambda: None
    before = module._connect

    async def connect(**given: Any) -> Any:
        settings = given.get("server_settings") or {}
        if READ_ONLY in settings or BY_ENGINE.get():
            return await before(**given)
        doors.note("asyncpg")
        if doors.behind_pooler:
            return await before(**given)
        try:
            return await before(**{**given, "server_settings": {**settings, READ_ONLY: "on"}})
        except Exception as error:
            if REFUSED not in str(error):
                raise
            doors.behind_pooler = True
        return await before(**given)

    module._connect = connect  # type: ignore[attr-defined]
    return lambda: setattr(module, "_connect", before)


def _is_ours() -> bool:
    return any(frame.f_globals.get("__name__") == "pgwright.database" for frame, _ in walk_stack(sys._getframe()))
