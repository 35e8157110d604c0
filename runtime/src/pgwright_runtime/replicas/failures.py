"""Which errors a read is repeated for on another server."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from pgwright_runtime._failures import sqlstate

# serialization_failure: READ COMMITTED knows it only as "canceling statement due to conflict with recovery".
_RECOVERY_CONFLICT = "40001"


def is_connecting_failed(error: BaseException) -> bool:
    """Tell whether an error while connecting is the server's, the network's or the driver's.

    asyncpg's come as they are, past SQLAlchemy.
    """
    return isinstance(error, OSError | DBAPIError) or bool(sqlstate(error))


def is_recovery_conflict(error: BaseException) -> bool:
    """Tell whether a replica cancelled the statement to go on replaying."""
    return sqlstate(error) == _RECOVERY_CONFLICT
