"""The connection of the verbs that work in batches on the user's database, and what their errors say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from pgwright.database import conninfo, mask, target
from pgwright.errors import ConnectionFailed, PgwrightError
from pgwright.hints import connection_hint
from pgwright_runtime.errors import Error

_CONNECT_SECONDS = 10


def place(dsn: str | None) -> str:
    """Return who connects where, as the user named it."""
    return target(conninfo(dsn)).rpartition("/")[0]


@contextmanager
def batch_engine(dsn: str | None, name: str, failed: type[PgwrightError], done: str) -> Iterator[Engine]:
    """Give an engine of two connections; what goes wrong in the block is told in words.

    Args:
        name: the `application_name`.
        failed: what is raised for an error of the runtime, or of the server.
        done: what is left of the work after an error, in a sentence.
    Raises: ConnectionFailed, and `failed`.
    """
    info = conninfo(dsn)

    def connect() -> psycopg.Connection:
        return psycopg.connect(info, prepare_threshold=None, application_name=name, connect_timeout=_CONNECT_SECONDS)

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect, pool_size=2, max_overflow=1)
    try:
        yield engine
    except Error as error:
        raise failed(str(error)) from error
    except DBAPIError as error:
        said = mask(str(error.orig).strip().partition("\n")[0])
        if isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None:
            raise ConnectionFailed(target(info), said, connection_hint(said)) from None
        raise failed(f"the server refused: {said}. {done}") from error
    finally:
        engine.dispose()
