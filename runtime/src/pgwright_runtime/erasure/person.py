"""For what is written of a person without a foreign key: the same lock that a foreign key takes."""

from __future__ import annotations

from typing import Any, overload

from sqlalchemy import Table, inspect, literal, select

from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, Steps, run
from pgwright_runtime.erasure.errors import PersonErased


@overload
def require_person(session: AnyAsyncSession, subject: type[Any] | Table, key: Any) -> Awaited[None]: ...
@overload
def require_person(session: AnySession, subject: type[Any] | Table, key: Any) -> None: ...
def require_person(session: AnyAsyncSession | AnySession, subject: type[Any] | Table, key: Any) -> Awaited[None] | None:
    """Make sure that a person is there, and stays until the transaction ends; of an async session, await it.

    It takes FOR KEY SHARE on their row, as the check of a foreign key does: it waits for an erasure that runs, and an
    erasure that comes later waits, and finds what was written. It blocks no other writes.

    Raises: PersonErased: there is no such row.
    """
    table = subject if isinstance(subject, Table) else inspect(subject).local_table
    return run(session, _steps(table, key if isinstance(key, tuple) else (key,)))


def _steps(table: Table, key: tuple[Any, ...]) -> Steps[None]:
    own = [column == value for column, value in zip(table.primary_key, key, strict=True)]
    found = yield select(literal(1)).select_from(table).where(*own).with_for_update(read=True, key_share=True)
    if found.first() is None:
        raise PersonErased(table.fullname)
