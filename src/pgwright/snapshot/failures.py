"""What to do about a subject that could not be read, by the server's own code for the reason."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.errors import QueryFailed
from pgwright.figures import milliseconds
from pgwright.model.names import quote

LOCKED = "read again when no long transaction holds a lock"
_REMEDIES = {
    "55P03": LOCKED,  # lock_not_available
    "40001": "read again, or read the primary",  # serialization_failure: a standby's conflict with recovery
    "40P01": "read again",  # deadlock_detected
    "42703": "ALTER EXTENSION pg_stat_statements UPDATE",  # undefined_column: of catalogs we know all of them
    "53200": "read again when the server has memory and locks to spare",  # out_of_memory
}
_CANCELED = "57014"
_DENIED = "42501"


def remedy_of(error: QueryFailed, database: ReadOnlyDatabase) -> str:
    """Return what would help; "" where nobody knows."""
    if error.remedy:
        return error.remedy
    if error.sqlstate == _CANCELED and "statement timeout" in error.reason:
        return longer(database)
    if error.sqlstate == _CANCELED:
        return "somebody cancelled it: read again"
    if error.sqlstate == _DENIED:
        (row,) = database.query("SELECT current_user AS role")
        return f"read as a superuser, or grant {quote(row['role'])} what the message names"
    return _REMEDIES.get(error.sqlstate or "", "")


def longer(database: ReadOnlyDatabase) -> str:
    """Return how to give the reading more time."""
    limit = milliseconds(database.limits.statement_timeout_ms)
    return f"give each query more than {limit}: --statement-timeout, or statement_timeout in [tool.pgwright]"
