"""One message of a server's log, with the lines that belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SEVERITIES = ("LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG")
# A message with all its lines; what is longer is cut, and a statement that was cut is none.
MOST_CHARACTERS = 1_000_000
# With log_error_verbosity = verbose the message itself begins with it.
_SQLSTATE = re.compile(r"([0-9A-Z]{5}): ")


@dataclass(frozen=True)
class LogEntry:
    """A message, as every form of the log has it."""

    severity: str
    """As the server writes it: LOG, ERROR, FATAL, …"""
    message: str
    detail: str = ""
    statement: str = ""
    """During which it was written."""
    process: str = ""
    """Its number; "" where the form does not tell."""
    database: str | None = None
    """None where the form does not tell; "" of a process that is in none."""
    query_id: int = 0
    """0: the form does not tell, or the server has none."""
    sqlstate: str = ""


Entries = Iterator[LogEntry | None]
"""None stands for a line, or a record, that was not understood."""


def split_sqlstate(message: str) -> tuple[str, str]:
    """Return the SQLSTATE in front of a message, and the message without it.

    >>> split_sqlstate("40P01: deadlock detected"), split_sqlstate("duration: 1 ms")
    (('40P01', 'deadlock detected'), ('', 'duration: 1 ms'))
    """
    found = _SQLSTATE.match(message)
    return (found[1], message[found.end() :]) if found is not None else ("", message)


def number(text: object) -> int:
    """Return a query id, which is a number of 64 bits or missing; 0 for anything else.

    >>> number("-42"), number(None), number("x")
    (-42, 0, 0)
    """
    given = str(text or "0")
    digits = given.removeprefix("-")
    return int(given) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
