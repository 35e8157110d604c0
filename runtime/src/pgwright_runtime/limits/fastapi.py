"""Limits and bulkheads of single endpoints in FastAPI, as dependencies, and the answers to those not let in.

It needs FastAPI: `pip install pgwright-runtime[fastapi,limits]`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from pgwright_runtime.limits.bulkhead import Bulkhead
from pgwright_runtime.limits.errors import LimitError
from pgwright_runtime.limits.limiter import Limiter


def limited(limiter: Limiter) -> Callable[[Request, Response], Awaitable[None]]:
    """Return the dependency that counts a request.

    What an endpoint returns has the fields `RateLimit-Policy` and `RateLimit`, unless it makes its own `Response`.

    >>> from fastapi import Depends
    >>> from pgwright_runtime.limits import Limit, by_address
    >>> searches = Depends(limited(Limiter(Limit(requests=10, seconds=60, by=by_address()))))
    >>> app = FastAPI()
    >>> answer_refusals(app)
    >>> @app.get("/search", dependencies=[searches])
    ... async def search() -> list[str]:
    ...     return []
    """

    # FastAPI reads the annotations when it meets them: no `from __future__ import annotations` in this module.
    async def count(request: Request, response: Response) -> None:
        decision = await limiter.check(request.scope)
        for name, value in decision.fields:
            response.headers.append(name, value)

    return count


def placed(bulkhead: Bulkhead) -> Callable[[], AsyncIterator[None]]:
    """Return the dependency that holds a place in a bulkhead until the endpoint is done."""

    async def hold() -> AsyncIterator[None]:
        async with bulkhead:
            yield

    return hold


def answer_refusals(app: FastAPI) -> None:
    """Answer 429 or 503 where a dependency does not let a request in."""
    app.add_exception_handler(LimitError, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, LimitError)  # what the handler is for
    return JSONResponse(error.problem, error.status, headers=dict(error.fields), media_type="application/problem+json")
