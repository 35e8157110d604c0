"""Pages of a statement by the values of its sort keys: however deep a page lies, it costs the same."""

from __future__ import annotations

from typing import Any, TypeVar, TypeVarTuple, overload

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.paging.cursors import check_secret
from pgwright_runtime.paging.errors import InvalidPageSize
from pgwright_runtime.paging.page import Page, Request, page_steps
from pgwright_runtime.paging.steps import run, run_sync
from pgwright_runtime.paging.totals import DEFAULT_CAP, TotalKind, check_total

DEFAULT_MAX_SIZE = 1_000

T = TypeVar("T")
T2 = TypeVar("T2")
Ts = TypeVarTuple("Ts")


@overload
async def keyset_page(
    session: AsyncSession,
    statement: Select[T],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = ...,
    total: TotalKind | None = ...,
    cap: int = ...,
    max_size: int = ...,
    unique: bool = ...,
) -> Page[T]: ...
@overload
async def keyset_page(
    session: AsyncSession,
    statement: Select[T, T2, *Ts],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = ...,
    total: TotalKind | None = ...,
    cap: int = ...,
    max_size: int = ...,
    unique: bool = ...,
) -> Page[Row[T, T2, *Ts]]: ...
async def keyset_page(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = None,
    total: TotalKind | None = None,
    cap: int = DEFAULT_CAP,
    max_size: int = DEFAULT_MAX_SIZE,
    unique: bool = False,
) -> Page[Any]:
    """Return one page of a statement that has an ORDER BY.

    Args:
        size: rows, from 1 to `max_size`.
        secret: signs the cursors; at least 16 bytes, the same in every process of the app.
        cursor: `next` or `previous` of another page; None: the first page.
        total: also count the rows of the whole statement, see `count_rows`; one round trip more.
        cap: rows after which a "capped" total stops counting.
        unique: the ORDER BY is unique as it stands; else primary keys complete it where it is not.
    Raises:
        InvalidCursor: the cursor was not made here for this order. Answer 400.
        InvalidPageSize: the size is out of range. Answer 400.
        NotPageable: the statement has no order, or none that can be made unique; or two rows of the page tie.
        ValueError: the secret is too short, or the total is of no known kind.
    """
    request = _request(size, cursor, secret, total, cap, max_size, unique)
    return await run(session, page_steps(statement, request))


@overload
def keyset_page_sync(
    session: Session,
    statement: Select[T],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = ...,
    total: TotalKind | None = ...,
    cap: int = ...,
    max_size: int = ...,
    unique: bool = ...,
) -> Page[T]: ...
@overload
def keyset_page_sync(
    session: Session,
    statement: Select[T, T2, *Ts],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = ...,
    total: TotalKind | None = ...,
    cap: int = ...,
    max_size: int = ...,
    unique: bool = ...,
) -> Page[Row[T, T2, *Ts]]: ...
def keyset_page_sync(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    *,
    size: int,
    secret: bytes,
    cursor: str | None = None,
    total: TotalKind | None = None,
    cap: int = DEFAULT_CAP,
    max_size: int = DEFAULT_MAX_SIZE,
    unique: bool = False,
) -> Page[Any]:
    """`keyset_page` for a sync session."""
    request = _request(size, cursor, secret, total, cap, max_size, unique)
    return run_sync(session, page_steps(statement, request))


def _request(
    size: int, cursor: str | None, secret: bytes, total: TotalKind | None, cap: int, max_size: int, unique: bool
) -> Request:
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= max_size:
        raise InvalidPageSize(size, max_size)
    check_secret(secret)
    check_total(total, cap)
    return Request(size, cursor, secret, total, cap, unique)
