"""Which errors mean that the server is gone, rather than that the statement is wrong."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

# admin_shutdown, crash_shutdown, cannot_connect_now; connection exceptions are class 08. Manual, Appendix A.
_SHUTDOWNS = frozenset(("57P01", "57P02", "57P03"))


def is_connection_lost(error: BaseException) -> bool:
    """Tell whether a statement failed because its connection ended."""
    if isinstance(error, TimeoutError):  # the driver's own limit for a statement
        return False
    if isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    return is_shutdown(sqlstate(error))


def is_shutdown(state: str) -> bool:
    """Tell whether a SQLSTATE says that the server ends, does not take connections yet, or lost one."""
    return state in _SHUTDOWNS or state.startswith("08")


def sqlstate(error: BaseException) -> str:
    """Return what the server called an error, the driver's or SQLAlchemy's; "": nothing."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or ""
