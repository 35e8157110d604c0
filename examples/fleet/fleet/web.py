"""What the web apps before and after share: the tenant, page sizes, links to the next page, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, TypeVar

from fastapi import FastAPI, Header, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import exc

# What the server answers when it stops a statement at its limit: query_canceled, lock_not_available.
_LIMITS = ("57014", "55P03")
_MAX_BIGINT = 2**63 - 1
# PostgreSQL stores every character but NUL.
_STORABLE = r"^[^\x00]*$"

Value = TypeVar("Value")

# Set by the gateway that authenticates: who asks may see this organization and no other.
OrganizationId = Annotated[int, Header(alias="X-Organization-Id", ge=1, le=_MAX_BIGINT)]
BigId = Annotated[int, Path(ge=1, le=_MAX_BIGINT)]
Size = Annotated[int, Query(ge=1, le=200)]
Days = Annotated[int, Query(ge=1, le=366)]


class NewDelivery(BaseModel):
    price_cents: Annotated[int, Field(ge=0, le=10_000_000)]
    cash_on_delivery: bool = False
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_STORABLE)]

    @property
    def price(self) -> Decimal:
        return Decimal(self.price_cents).scaleb(-2)


def found(value: Value | None, what: str) -> Value:
    """Return the value. Raises HTTPException: 404, there is none."""
    if value is None:
        raise HTTPException(404, f"no such {what}")
    return value


def link_next(request: Request, response: Response, changes: Mapping[str, object]) -> None:
    """Tell where the next page is, as RFC 8288 says: `Link: <…>; rel="next"`."""
    response.headers["Link"] = f'<{request.url.include_query_params(**changes)}>; rel="next"'


def tell_age(response: Response, age_s: float | None) -> None:
    """Tell how old the figures are, as RFC 9111 says, so that caches count it too: `Age: 312`."""
    if age_s is not None:
        response.headers["Age"] = str(int(age_s))


def add_error_answers(app: FastAPI) -> None:
    """Answer 503 where the pool or the server has no time for us."""
    app.add_exception_handler(exc.TimeoutError, _busy)
    app.add_exception_handler(exc.DBAPIError, _failed)


async def _busy(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "busy, try again"}, status_code=503, headers={"Retry-After": "1"})


async def _failed(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) in _LIMITS:
        return await _busy(request, error)
    raise error
