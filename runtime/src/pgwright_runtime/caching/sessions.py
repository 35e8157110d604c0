"""The sessions and connections among the arguments of a call: no part of its key, but of what it sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from pgwright_runtime._alchemy import open_connections
from pgwright_runtime.caching.bond import bond_of
from pgwright_runtime.caching.transactions import transaction_of

_KINDS = (Session, AsyncSession, Connection, AsyncConnection, scoped_session, async_scoped_session)


def without_sessions(value: Any) -> Any:
    """Return an argument without the sessions in it, which tell no call from another: None of one, fewer of several."""
    if isinstance(value, tuple):
        return tuple(one for one in value if not isinstance(one, _KINDS))
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if not isinstance(one, _KINDS)}
    return None if isinstance(value, _KINDS) else value


def sees_own(arguments: Iterable[object]) -> bool:
    """Return whether one of them sees what nobody else does, or what was: then the cached value is not for it.

    It has changes that are not flushed or not committed, or its engine is not the one whose commits are watched, as
    that of a replica is not.
    """
    return any(_sees_own(each) for each in arguments if isinstance(each, _KINDS))


def _sees_own(own: Any) -> bool:
    if isinstance(own, scoped_session | async_scoped_session):
        own = own()
    if isinstance(own, AsyncSession):
        own = own.sync_session
    if isinstance(own, AsyncConnection):
        own = own.sync_connection
    if isinstance(own, Session) and (own.new or own.dirty or own.deleted):
        return True
    return any(map(_is_apart, _connections(own)))


def _connections(own: Any) -> Iterator[Connection]:
    if isinstance(own, Session):
        yield from open_connections(own)
    elif isinstance(own, Connection):
        yield own


def _is_apart(connection: Connection) -> bool:
    if connection.closed or connection.invalidated:
        return False
    if bond_of(connection.dialect) is None:
        return True
    transaction = transaction_of(connection.connection)
    return transaction is not None and bool(transaction.touched)
