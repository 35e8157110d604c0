"""A lock that two programs never hold at once, wherever they run: an advisory lock of the database.

It is a transaction's, held open on a connection of its own: so it holds behind a pooler in transaction mode too, and
ends with the process. Between its statements such a transaction has no snapshot, so vacuum is not held back.
Source: PostgreSQL manual, Advisory Locks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

from sqlalchemy import Connection, Engine, text

_WAIT = text("SELECT pg_advisory_xact_lock(:key)")
_TAKE = text("SELECT pg_try_advisory_xact_lock(:key)")
# It idles between two looks, as long as the work takes.
_STAY = text("SET LOCAL idle_in_transaction_session_timeout = 0")
# No query: the portal of one that a driver sent by the extended protocol keeps its snapshot, until the next statement.
_IS_THERE = _STAY


def lock_key(name: str) -> int:
    """Return the advisory lock's key for a name, a signed 64-bit number."""
    return int.from_bytes(blake2b(b"pgwright:" + name.encode(), digest_size=8).digest(), signed=True)


@contextmanager
def try_lock(engine: Engine, name: str) -> Iterator[Callable[[], None] | None]:
    """Hold a lock inside the block; None: somebody else holds it.

    What it gives, asks the server whether the lock is still held, and raises the driver's error when its connection is
    gone: call it before each step that must not run twice.
    """
    with engine.connect() as connection:
        if not take_lock(connection, name):
            yield None
            return
        connection.execute(_STAY)
        try:
            yield lambda: connection.execute(_IS_THERE).close()
        finally:
            if not connection.invalidated:
                connection.rollback()


def wait_for_lock(connection: Connection, name: str) -> None:
    """Take a lock until the end of the connection's transaction, when it is free: `lock_timeout` bounds the wait."""
    connection.execute(_WAIT, {"key": lock_key(name)}).close()


def take_lock(connection: Connection, name: str) -> bool:
    """Take a lock until the end of the connection's transaction, if it is free."""
    return bool(connection.execute(_TAKE, {"key": lock_key(name)}).scalar_one())
