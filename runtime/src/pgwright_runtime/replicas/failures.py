"""Which errors mean that the server is gone, rather than that the statement is wrong."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

# admin_shutdown, crash_shutdown, cannot_connect_now; connection exceptions are class 08. Manual, Appendix A.
_SHUTDOWNS = frozenset(("57P01", "57P02", "57P03"))
# serialization_failure: READ COMMITTED knows it only as "canceling statement due to conflict with recovery".
_RECOVERY_CONFLICT = "40001"


def is_connection_lost(error: BaseException) -> bool:
    """Tell whether a statement failed because its connection ended."""
    if isinstance(error, TimeoutError):  # the driver's own limit for a statement
        return False
    if isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    state = _state(error)
    return state in _SHUTDOWNS or state.startswith("08")


def is_connecting_failed(error: BaseException) -> bool:
    """Tell whether an error while connecting is the server's, the network's or the driver's.

    asyncpg's come as they are, past SQLAlchemy.
    """
    return isinstance(error, OSError | DBAPIError) or bool(_state(error))


def is_recovery_conflict(error: BaseException) -> bool:
    """Tell whether a replica cancelled the statement to go on replaying."""
    return _state(error) == _RECOVERY_CONFLICT


def _state(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or ""
