"""The web app, after the fix: `DATABASE_URL=postgresql://… uvicorn notebook.app:app`.

The `X-User-Id` header, set by the gateway that authenticates, identifies the user.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import async_sessionmaker

from notebook.address import to_url
from notebook.routes import router
from pgwright_runtime import create_async_engine
from pgwright_runtime.soft_delete import hide_deleted

# What the server answers when it stops a statement at its limit: query_canceled, lock_not_available.
_LIMITS = ("57014", "55P03")


def create_app(database_url: str | None = None, *, erasure_secret: str | None = None) -> FastAPI:
    """Return the app for one database; None: the one that DATABASE_URL names when the app starts.

    The secret, or that of ERASURE_SECRET, hashes the keys of users who are erased.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = to_url(database_url or os.environ["DATABASE_URL"], "asyncpg")
        app.state.engine = create_async_engine(
            url,
            pool_size=int(os.environ.get("DATABASE_POOL_SIZE", "50")),
            max_overflow=int(os.environ.get("DATABASE_MAX_OVERFLOW", "30")),
            application_name="notebook",
        )
        app.state.sessions = hide_deleted(async_sessionmaker(app.state.engine, expire_on_commit=False))
        app.state.erasure_secret = erasure_secret or os.environ.get("ERASURE_SECRET")
        yield
        await app.state.engine.dispose()

    app = FastAPI(title="notebook", lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(exc.TimeoutError, _busy)
    app.add_exception_handler(exc.DBAPIError, _failed)
    return app


async def _busy(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "busy, try again"}, status_code=503, headers={"Retry-After": "1"})


async def _failed(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) in _LIMITS:
        return await _busy(request, error)
    raise error


app = create_app()
