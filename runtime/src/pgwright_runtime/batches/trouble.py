"""What goes wrong in a batch, by the server's code: what to try again, and with how many rows."""

from __future__ import annotations

import random

from sqlalchemy.exc import DBAPIError

from pgwright_runtime.batches.errors import RowsMoved

_SERIALIZATION, _DEADLOCK = "40001", "40P01"
_LOCK_TIMEOUT, _CANCELED = "55P03", "57014"
_FOREIGN_KEY, _RESTRICT = "23503", "23001"

TRIES = 5
"""How often the same batch is tried again before a row is stepped over, or the error raised."""


def code_of(error: DBAPIError) -> str:
    """Return the server's five-letter code; "" where it gave none.

    Drivers call it `sqlstate` or `pgcode`.
    """
    return next((str(code) for name in ("sqlstate", "pgcode") if (code := getattr(error.orig, name, None))), "")


def said(error: DBAPIError) -> str:
    """Return the first line of what the server said."""
    return next(iter(str(error.orig).strip().splitlines()), type(error).__name__)


def is_lost(error: DBAPIError) -> bool:
    """True when the connection is gone, and a new one may do."""
    return error.connection_invalidated or (code_of(error)[:2] in ("08", "57") and code_of(error) != _CANCELED)


def is_passing(error: DBAPIError | RowsMoved) -> bool:
    """True when the same batch may do a moment later: another transaction came in between, or the connection went."""
    return isinstance(error, RowsMoved) or is_lost(error) or code_of(error) in (_SERIALIZATION, _DEADLOCK)


def why_stepped_over(error: DBAPIError | RowsMoved, took_s: float, statement_timeout_ms: int) -> str | None:
    """Return why one row cannot be done now, though others can; None: it is another kind of error."""
    if isinstance(error, RowsMoved):
        return "changed by others again and again, or kept by a trigger"
    code = code_of(error)
    if code in (_LOCK_TIMEOUT, _DEADLOCK, _SERIALIZATION):
        return "locked by others"
    # An administrator's cancel has the same code.
    if code == _CANCELED and took_s * 1000 >= 0.9 * statement_timeout_ms:
        return "took longer than the statement timeout"
    if code in (_FOREIGN_KEY, _RESTRICT):
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        return f"still referred to{f' by {constraint}' if constraint else ''}"
    return None


def pause_s(attempt: int) -> float:
    """Return how long to wait before trying again, seconds: longer each time, and not all at once."""
    return random.uniform(0.5, 1) * 0.05 * float(2**attempt)
