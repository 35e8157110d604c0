"""Make and drop databases on a server, whatever functions of a source did to them in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from pgwright.database import mask, target
from pgwright.errors import ConnectionFailed, ProofError

# What a role may set for its later sessions, and what would keep these from dropping a database.
_OWN = b"SET default_transaction_read_only = off; SET statement_timeout = 0; SET lock_timeout = 0"
_KNOWN = b"SELECT datname::text FROM pg_catalog.pg_database WHERE datname = ANY (%s::name[]) OR oid = ANY (%s::oid[])"
# A template is not dropped. Who is connected already could make it one again.
_OPENED = (
    b"ALTER DATABASE {} ALLOW_CONNECTIONS false",
    b"SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = {}",
    b"ALTER DATABASE {} IS_TEMPLATE false",
)


def create_database(server: str, statement: str, *names: str) -> int:
    """Create a database, the first of the names, and return its OID. Raises ProofError, ConnectionFailed."""
    try:
        with connected(server) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
            found = connection.execute(b"SELECT oid FROM pg_catalog.pg_database WHERE datname = %s", names[:1])
            return int(found.fetchall()[0][0])
    except psycopg.Error as error:
        raise ProofError(f"could not set up a copy on {target(server)}: {error.diag.message_primary}") from error


def drop_databases(server: str, names: Sequence[str], oids: Sequence[int]) -> None:
    """Drop databases with the connections to them, each in any case.

    Args:
        names: as they were created.
        oids: of those that were; a function of the source may have given one another name.
    Raises: ProofError: some stay; it names them.
    """
    left, reason = list(names), ""
    try:
        with connected(server) as connection:
            left = [name for (name,) in connection.execute(_KNOWN, (list(names), list(oids)))]
            for name in tuple(left):
                try:
                    _drop(connection, name)
                    left.remove(name)
                except psycopg.Error as error:
                    reason = error.diag.message_primary or str(error)
    except (psycopg.Error, ConnectionFailed) as error:
        reason = reason or mask(str(error).strip())
    if left:
        listed = " and ".join(map(repr, left))
        raise ProofError(f"could not drop {listed} on {target(server)}, which may still be there: {reason}")


def _drop(connection: psycopg.Connection, name: str) -> None:
    database = sql.Identifier(name)
    for statement in _OPENED:
        with suppress(psycopg.DatabaseError):  # the drop tells whether it mattered
            value = sql.Literal(name) if b"datname" in statement else database
            connection.execute(sql.SQL(statement.decode()).format(value))
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))


@contextmanager
def connected(server: str) -> Iterator[psycopg.Connection]:
    """Connect with autocommit. Raises ConnectionFailed."""
    try:
        opened = psycopg.connect(server, autocommit=True)
    except psycopg.OperationalError as error:
        raise ConnectionFailed(target(server), mask(str(error).strip()), "Check the staging DSN.") from None
    with opened as connection:
        connection.execute(_OWN)
        yield connection
