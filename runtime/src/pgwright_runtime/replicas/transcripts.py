"""What a session's transaction has executed so far, as far as it matters: reads, writes, or settings of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, event

from pgwright_runtime.replicas.errors import PrimaryOnly
from pgwright_runtime.statements import TRANSACTION_CONTROL

OPTION = "pgwright_transcript"
UNWATCHED = {TRANSACTION_CONTROL: True}
"""Execution options of our own statements: no tenant is bound for them, nor are they counted as the app's."""

_PLAIN_READ = re.compile(r"\s*\(*\s*(?:SELECT|WITH|VALUES|TABLE|SHOW)\b", re.IGNORECASE)
_KEEPS_STATE = re.compile(r"set_config|advisory|pg_export_snapshot|setseed|\blo_|dblink", re.IGNORECASE)
# A replica has locks of its own, which no writer sees, and hears of no NOTIFY.
_PRIMARY_ONLY = re.compile(
    r"\bpg_(?:try_)?advisory_|\bpg_notify\b|^\s*(?:UN)?LISTEN\b|^\s*NOTIFY\b|\b(?:txid_current|pg_current_xact_id)\s*\(",
    re.IGNORECASE,
)
# Of a lock until the end of the transaction the name says `xact`.
_LOCKS_CONNECTION = re.compile(r"\bpg_(?:try_)?advisory_lock", re.IGNORECASE)
# After a semicolon END may be that of a block.
_COMMITS = re.compile(r"^\s*END\b|(?:^|;)\s*(?:COMMIT|PREPARE\s+TRANSACTION)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Statement:
    """What the text of a statement says of it."""

    keeps_state: bool
    is_primary_only: bool
    locks_connection: bool
    commits: bool


# An app has some hundreds of statements, and sends them again and again.
@lru_cache(maxsize=1_024)
def _read(text: str, locking: frozenset[str]) -> _Statement | None:
    """Return what the text says; None, as of nearly all: nothing."""
    calls_locking = bool(locking) and not locking.isdisjoint(re.findall(r"\w+", text))
    found = _Statement(
        keeps_state=calls_locking or not _PLAIN_READ.match(text) or _KEEPS_STATE.search(text) is not None,
        is_primary_only=calls_locking or _PRIMARY_ONLY.search(text) is not None,
        locks_connection=calls_locking or _LOCKS_CONNECTION.search(text) is not None,
        commits=_COMMITS.search(text) is not None,
    )
    return found if any(vars(found).values()) else None


@dataclass
class Transcript:
    """The statements of one transaction on one connection."""

    is_on_replica: bool = False
    locking: frozenset[str] = frozenset()
    """The app's own functions that take advisory locks."""
    commit: Callable[[], None] | None = None
    """Called before anything of the transaction is committed."""
    is_autocommit: bool = False
    statements: int = 0
    has_written: bool = False
    """Whether there was INSERT, UPDATE, DELETE or DDL; a function may have written nevertheless."""
    has_state: bool = False
    """Whether something may have been left in the transaction: a setting, a cursor, a lock."""
    locks_connection: bool = False
    """Whether an advisory lock may have been taken that outlives the transaction."""

    def note(self, text: str, context: Any) -> None:
        """Note a statement that is about to be sent.

        Raises: PrimaryOnly: it makes no sense on the replica that it would go to.
        """
        statement = _read(text, self.locking)
        if statement is not None:
            if statement.is_primary_only and self.is_on_replica:
                raise PrimaryOnly(" ".join(text.split()))
            self.has_state |= statement.keeps_state
            self.locks_connection |= statement.locks_connection
        self.statements += 1
        if context.execution_options.get("stream_results"):
            self.has_state = True
        if context.isinsert or context.isupdate or context.isdelete or context.isddl:
            self.has_written = True
        if (self.is_autocommit or (statement is not None and statement.commits)) and self.commit is not None:
            self.has_written = True
            self.commit()


def listen(engine: Engine) -> None:
    """Let the engine's statements and commits be noted in the transcript that their connection carries, if any."""
    if not event.contains(engine, "before_cursor_execute", _note):
        event.listen(engine, "before_cursor_execute", _note)
        event.listen(engine, "commit", _commit)
        event.listen(engine, "prepare_twophase", _commit)


def _commit(connection: Connection, *_: object) -> None:
    transcript = connection.get_execution_options().get(OPTION)
    if transcript is not None and transcript.commit is not None:
        transcript.commit()


def _note(connection: Connection, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
    options = context.execution_options
    transcript = options.get(OPTION)
    if transcript is not None and TRANSACTION_CONTROL not in options:
        transcript.note(text, context)
