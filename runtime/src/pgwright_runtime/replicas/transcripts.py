"""What a session's transaction has executed so far, as far as it matters: reads, writes, or settings of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, event

from pgwright_runtime.statements import TRANSACTION_CONTROL

OPTION = "pgwright_transcript"
UNWATCHED = {TRANSACTION_CONTROL: True}
"""Execution options of our own statements: no tenant is bound for them, nor are they counted as the app's."""

_PLAIN_READ = re.compile(r"\s*\(*\s*(?:SELECT|WITH|VALUES|TABLE|SHOW)\b", re.IGNORECASE)
_KEEPS_STATE = re.compile(r"set_config|advisory", re.IGNORECASE)


@dataclass
class Transcript:
    """The statements of one transaction on one connection."""

    statements: int = 0
    has_written: bool = False
    """Whether there was INSERT, UPDATE, DELETE or DDL; a function may have written nevertheless."""
    has_state: bool = False
    """Whether something may have been left in the transaction: a setting, a cursor, a lock."""

    def note(self, text: str, context: Any) -> None:
        """Note a statement that is about to be sent."""
        self.statements += 1
        if not self.has_state:
            self.has_state = _may_keep_state(text)
        self.has_written = self.has_written or context.isinsert or context.isupdate or context.isdelete or context.isddl


# An app has some hundreds of statements, and sends them again and again.
@lru_cache(maxsize=1_024)
def _may_keep_state(text: str) -> bool:
    return not _PLAIN_READ.match(text) or _KEEPS_STATE.search(text) is not None


def listen(engine: Engine) -> None:
    """Let the engine's statements be noted in the transcript that their connection carries, if any."""
    if not event.contains(engine, "before_cursor_execute", _note):
        event.listen(engine, "before_cursor_execute", _note)


def _note(connection: Connection, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
    options = context.execution_options
    transcript = options.get(OPTION)
    if transcript is not None and TRANSACTION_CONTROL not in options:
        transcript.note(text, context)
