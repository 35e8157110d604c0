"""The notebook app as it was: the same lists, by the repositories from before the fix."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from notebook.address import to_url
from notebook.before.repositories import ConversationRepository, JobRepository, NotebookRepository, SourceRepository
from notebook.views import ConversationSummary, JobView, NotebookDetail, NotebookSummary, SourceDetail
from pgwright_runtime import create_async_engine


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine(to_url(os.environ["DATABASE_URL"], "asyncpg"), pool_size=2)
    yield
    await app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.app.state.engine) as session:
        yield session


Opened = Annotated[AsyncSession, Depends(open_session)]
UserId = Annotated[UUID, Header(alias="X-User-Id")]
Limit = Annotated[int, Query(ge=1, le=100)]


@app.get("/notebooks")
async def list_notebooks(session: Opened, user_id: UserId, limit: Limit = 50) -> list[NotebookSummary]:
    return await NotebookRepository(session).list_by_owner(str(user_id), limit)


@app.get("/notebooks/{notebook_id}")
async def get_notebook(session: Opened, user_id: UserId, notebook_id: UUID) -> NotebookDetail:
    found = await NotebookRepository(session).get_by_id_and_owner(str(notebook_id), str(user_id))
    if found is None:
        raise HTTPException(404)
    return found


@app.get("/notebooks/{notebook_id}/sources")
async def list_sources(session: Opened, notebook_id: UUID) -> list[SourceDetail]:
    return await SourceRepository(session).list_by_notebook(str(notebook_id))


@app.get("/notebooks/{notebook_id}/conversations")
async def list_conversations(
    session: Opened, user_id: UserId, notebook_id: UUID, limit: Limit = 50
) -> list[ConversationSummary]:
    return await ConversationRepository(session).list_by_notebook(str(notebook_id), str(user_id), limit)


@app.get("/jobs/pending")
async def poll_jobs(session: Opened, limit: Limit = 50) -> list[JobView]:
    return await JobRepository(session).pending(limit)
