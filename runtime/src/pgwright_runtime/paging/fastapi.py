"""Pages in FastAPI: a dependency that reads a page's size and cursor from the query, and the answer to a wrong cursor.

It needs FastAPI: `pip install pgwright-runtime[fastapi]`. `Page[NoteView]` itself is a response model without more.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypedDict

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse

from pgwright_runtime.paging.cursors import MAX_LENGTH
from pgwright_runtime.paging.errors import InvalidPage
from pgwright_runtime.paging.pager import Pager


class PageParams(TypedDict):
    """What a request asks for: `await pager.page(session, query, **params)`."""

    size: int
    cursor: str | None


def page_params(pager: Pager) -> Callable[..., Awaitable[PageParams]]:
    """Return the dependency that reads the query parameters `size` and `cursor`; a size out of range is answered 422.

    >>> from fastapi import Depends
    >>> pager = Pager(secret="sixteen letters!")
    >>> NotePage = Annotated[PageParams, Depends(page_params(pager))]
    """

    # FastAPI reads the annotations when it meets them: no `from __future__ import annotations` in this module.
    async def read(
        size: Annotated[int, Query(ge=1, le=pager.max_size, description="Items of a page.")] = pager.default_size,
        cursor: Annotated[
            str | None,
            Query(max_length=MAX_LENGTH, description="`next` or `previous` of another page; none: the first page."),
        ] = None,
    ) -> PageParams:
        return {"size": size, "cursor": cursor}

    return read


def answer_invalid_pages(app: FastAPI) -> None:
    """Answer 400 where a page raises `InvalidPage`, as for a cursor that was forged or cut."""
    app.add_exception_handler(InvalidPage, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=400)
