"""Pages of statements by the values of their sort keys: however deep a page lies, it costs the same."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any, TypedDict, TypeVar, TypeVarTuple, Unpack, overload

from sqlalchemy import Row, Select

from pgwright_runtime._alchemy import AnySelect
from pgwright_runtime._secrets import Secrets, signing_keys
from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, run
from pgwright_runtime.paging.errors import InvalidPageSize
from pgwright_runtime.paging.page import Page, Request, page_steps
from pgwright_runtime.paging.totals import DEFAULT_CAP, TotalKind, check_total

T = TypeVar("T")
T2 = TypeVar("T2")
Ts = TypeVarTuple("Ts")


class PageRequest(TypedDict, total=False):
    """What one page is asked for; each may be left out."""

    size: int | None
    """Rows, from 1 to the pager's `max_size`; None: its `default_size`."""
    cursor: str | None
    """`next` or `previous` of another page; None: the first page."""
    unique: bool
    """The ORDER BY is unique as it stands; else primary keys complete it where it is not."""


@dataclass(frozen=True, kw_only=True)
class Pager:
    """What all pages of an app, or of a list, have in common.

    Raises: ValueError: a secret is too short, the sizes or the total are of no use.

    >>> Pager(secret="sixteen letters!", max_size=100)
    Pager(default_size=50, max_size=100, total=None, cap=10000)
    """

    secret: InitVar[Secrets]
    """Signs the cursors: at least 16 bytes, the same in every process of the app. Several: the first signs, and
    cursors of the others still count, so that a secret can be changed."""
    default_size: int = 50
    """Rows of a page that asks for no size."""
    max_size: int = 200
    """The most rows that a page may ask for."""
    total: TotalKind | None = None
    """Also count the rows of the whole statement, see `count_rows`; one round trip more."""
    cap: int = DEFAULT_CAP
    """Rows after which a "capped" total stops counting."""
    keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self, secret: Secrets) -> None:
        object.__setattr__(self, "keys", signing_keys(secret))
        if not 1 <= self.default_size <= self.max_size:
            raise ValueError(f"default_size is {self.default_size}, and must be from 1 to max_size, {self.max_size:,}")
        check_total(self.total, self.cap)

    # Select[tuple[T]] and Row[tuple[…]] are SQLAlchemy 2.0's spelling, Select[T] and Row[…] that of 2.1: each type
    # checker finds its own, and passes over the others.
    @overload
    def page(
        self, session: AnyAsyncSession, statement: Select[tuple[T]], **asked: Unpack[PageRequest]
    ) -> Awaited[Page[T]]: ...
    @overload
    def page(
        self, session: AnyAsyncSession, statement: Select[tuple[T, T2, *Ts]], **asked: Unpack[PageRequest]
    ) -> Awaited[Page[Row[tuple[T, T2, *Ts]]]]: ...
    @overload
    def page(
        self, session: AnyAsyncSession, statement: Select[T], **asked: Unpack[PageRequest]
    ) -> Awaited[Page[T]]: ...
    @overload
    def page(
        self, session: AnyAsyncSession, statement: Select[T, T2, *Ts], **asked: Unpack[PageRequest]
    ) -> Awaited[Page[Row[T, T2, *Ts]]]: ...
    @overload
    def page(self, session: AnySession, statement: Select[tuple[T]], **asked: Unpack[PageRequest]) -> Page[T]: ...
    @overload
    def page(
        self, session: AnySession, statement: Select[tuple[T, T2, *Ts]], **asked: Unpack[PageRequest]
    ) -> Page[Row[tuple[T, T2, *Ts]]]: ...
    @overload
    def page(self, session: AnySession, statement: Select[T], **asked: Unpack[PageRequest]) -> Page[T]: ...
    @overload
    def page(
        self, session: AnySession, statement: Select[T, T2, *Ts], **asked: Unpack[PageRequest]
    ) -> Page[Row[T, T2, *Ts]]: ...
    def page(
        self,
        session: AnyAsyncSession | AnySession,
        statement: AnySelect,
        *,
        size: int | None = None,
        cursor: str | None = None,
        unique: bool = False,
    ) -> Awaited[Page[Any]] | Page[Any]:
        """Return one page of a statement that has an ORDER BY; of an async session, await it.

        Args: `PageRequest` says what each is.
        Raises:
            InvalidCursor: the cursor was not made here for this order. Answer 400.
            InvalidPageSize: the size is out of range. Answer 400.
            NotPageable: the statement has no order, or none that can be made unique; or two rows of the page tie.
        """
        size = self.default_size if size is None else size
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= self.max_size:
            raise InvalidPageSize(size, self.max_size)
        return run(session, page_steps(statement, Request(size, cursor, self.keys, self.total, self.cap, unique)))
