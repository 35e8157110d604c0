"""Which errors say that a database cannot be reached, rather than that it answered something else."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError

from pgwright_runtime._failures import is_connection_lost, is_shutdown, sqlstate
from pgwright_runtime.resilience.errors import CircuitOpen, Unreachable

# libpq tells the SQLSTATE of no failure to connect, only its text: FATAL is the server's own answer.
_ANSWERED = re.compile(r"FATAL:(?!.*(starting up|shutting down|recovery mode|not yet accepting|not accepting))", re.S)


def is_unreachable(error: BaseException, *drivers_own: type[BaseException]) -> bool:
    """Tell whether a connection could not be opened since the server is not there, or not ready.

    Not so where a living server refused it, as for a wrong password or too many connections.

    Args:
        drivers_own: the driver's errors, where SQLAlchemy has not made them its own yet.
    """
    if state := sqlstate(error):
        return is_shutdown(state)
    if isinstance(error, (DBAPIError, *drivers_own)):
        return not _ANSWERED.search(str(error))
    return isinstance(error, OSError)


def is_lost(error: BaseException) -> bool:
    """Tell whether a connection was lost for the server's or the network's sake, and not ended by a limit of ours.

    A cancelled task gives its connection up, too; idle_in_transaction_session_timeout ends one by an error of its own.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, Exception):
        return False
    state = sqlstate(error)
    return is_shutdown(state) if state else is_connection_lost(error)


def is_lost_in_commit(error: BaseException) -> bool:
    """Tell whether a connection was lost where SQLAlchemy sends no statement but COMMIT, ROLLBACK or the like."""
    return isinstance(error, DBAPIError) and error.statement is None and error.connection_invalidated


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an error that an app let through means that the database is not there, and nothing was committed."""
    if isinstance(error, CircuitOpen | Unreachable):
        return True
    if not isinstance(error, DBAPIError) or is_lost_in_commit(error):
        return False
    return is_lost(error) or (error.statement is None and is_unreachable(error))
