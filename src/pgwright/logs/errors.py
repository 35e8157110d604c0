"""Errors in words of ours: the server's own message may hold values."""

from __future__ import annotations

import re
from collections.abc import Mapping

DEADLOCK = "deadlock"
# By the beginning of the message, for a log of plain text often tells no SQLSTATE.
_BY_MESSAGE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        ("deadlock detected", DEADLOCK),
        ("canceling statement due to statement timeout", "canceled by statement_timeout"),
        ("canceling statement due to lock timeout", "canceled by lock_timeout"),
        ("canceling statement due to user request", "canceled by the user"),
        ("canceling statement due to conflict with recovery", "canceled by recovery"),
        ("canceling ", "canceled"),
        ("could not serialize access", "serialization failure"),
        ("could not obtain lock", "lock not available"),
        ("duplicate key value violates unique constraint", "unique violation"),
        (".* violates foreign key constraint", "foreign key violation"),
        (".* violates not-null constraint", "not-null violation"),
        (".* violates check constraint", "check violation"),
        ("current transaction is aborted", "transaction already failed"),
        ("out of memory", "out of memory"),
        ("permission denied", "permission denied"),
        ("terminating connection", "connection terminated"),
        ("syntax error", "syntax error"),
        ("invalid input syntax", "invalid value"),
        ("division by zero", "division by zero"),
    )
)
_BY_CLASS: Mapping[str, str] = {
    "08": "connection failed", "0A": "feature not supported", "22": "invalid value", "23": "constraint violation",
    "25": "invalid transaction state", "28": "not authorised", "40": "transaction rolled back",
    "42": "syntax error, unknown name, or no right", "53": "insufficient resources", "54": "limit exceeded",
    "55": "object not in the state needed", "57": "ended by an operator", "58": "system error",
    "P0": "raised by a function", "XX": "internal error",
}  # fmt: skip
_SQLSTATES: Mapping[str, str] = {
    "40P01": DEADLOCK, "40001": "serialization failure", "55P03": "lock not available", "23505": "unique violation",
    "23503": "foreign key violation", "23502": "not-null violation", "23514": "check violation",
    "25P02": "transaction already failed", "42501": "permission denied", "42601": "syntax error",
    "53200": "out of memory", "57014": "canceled",
}  # fmt: skip
_MOST_LOOKED_AT = 300


def named(sqlstate: str, message: str) -> str:
    """Return one of our words for an error.

    >>> named("57014", "canceling statement due to statement timeout"), named("", "value 17 is odd")
    ('canceled by statement_timeout', 'another error')
    """
    if sqlstate in _SQLSTATES and sqlstate != "57014":
        return _SQLSTATES[sqlstate]
    start = message[:_MOST_LOOKED_AT]
    by_message = next((words for pattern, words in _BY_MESSAGE if pattern.match(start)), "")
    return by_message or _SQLSTATES.get(sqlstate) or _BY_CLASS.get(sqlstate[:2]) or "another error"
