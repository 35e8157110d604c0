"""Pages of statements by the values of their sort keys: however deep a page lies, it costs the same."""

from __future__ import annotations

from typing import Any, Final, TypedDict, TypeVar, TypeVarTuple, Unpack, overload

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

_DEFAULT_SIZE = 50


class PageRequest(TypedDict, total=False):
    """What one page is asked for; each may be left out."""

    size: int | None
    """Rows, from 1 to the pager's `max_size`; None: its `default_size`."""
    cursor: str | None
    """`next` or `previous` of another page; None: the first page."""
    unique: bool
    """The ORDER BY is unique as it stands; else primary keys complete it where it is not."""


class PagerOptions(TypedDict, total=False):
    """What a pager is made with; `Pager` says what each is."""

    secret: Secrets
    default_size: int | None
    max_size: int
    total: TotalKind | None
    cap: int


class Pager:
    """What all pages of an app, or of a list, have in common.

    >>> Pager(secret="sixteen letters!", max_size=100)
    Pager(default_size=50, max_size=100, total=None, cap=10000)

    Args:
        secret: signs the cursors: at least 16 bytes, the same in every process of the app. Several: the first signs,
            and cursors of the others still count, so that a secret can be changed.
        default_size: rows of a page that asks for no size; None: 50, or `max_size` if that is less.
        max_size: the most rows that a page may ask for.
        total: also count the rows of the whole statement, see `count_rows`; one round trip more.
        cap: rows after which a "capped" total stops counting.
    Raises: ValueError: a secret is too short, the sizes or the total are of no use.
    """

    def __init__(
        self,
        *,
        secret: Secrets,
        default_size: int | None = None,
        max_size: int = 200,
        total: TotalKind | None = None,
        cap: int = DEFAULT_CAP,
    ) -> None:
        if not _is_whole(max_size) or max_size < 1:
            raise ValueError(f"max_size is {max_size!r}, and must be a whole number of at least 1")
        default = min(_DEFAULT_SIZE, max_size) if default_size is None else default_size
        if not _is_whole(default) or not 1 <= default <= max_size:
            raise ValueError(f"default_size is {default!r}, and must be a whole number from 1 to max_size, {max_size}")
        check_total("exact" if total is None else total, cap)
        self._keys = signing_keys(secret)
        self._asked_default = default_size
        self.default_size: Final = default
        self.max_size: Final = max_size
        self.total: Final = total
        self.cap: Final = cap

    def __repr__(self) -> str:
        options = f"default_size={self.default_size}, max_size={self.max_size}, total={self.total!r}, cap={self.cap}"
        return f"Pager({options})"

    def replace(self, **changes: Unpack[PagerOptions]) -> Pager:
        """Return a pager with other options, as of one list that is counted. Raises: as `Pager`.

        >>> Pager(secret="sixteen letters!").replace(max_size=20, total="exact")
        Pager(default_size=20, max_size=20, total='exact', cap=10000)
        """
        own: PagerOptions = {
            "secret": self._keys,
            "default_size": self._asked_default,
            "max_size": self.max_size,
            "total": self.total,
            "cap": self.cap,
        }
        own.update(changes)
        return Pager(**own)

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
        if not _is_whole(size) or not 1 <= size <= self.max_size:
            raise InvalidPageSize(size, self.max_size)
        return run(session, page_steps(statement, Request(size, cursor, self._keys, self.total, self.cap, unique)))


def _is_whole(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool)
