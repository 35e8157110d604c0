"""The endpoints: each opens one session, asks one repository, and commits if it wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from pydantic import BaseModel, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from notebook import lifecycle
from notebook.after.queries import Cursor
from notebook.after.repositories import (
    ConversationRepository,
    DocumentRepository,
    HistoryRepository,
    JobRepository,
    MessageRepository,
    NotebookRepository,
    SourceRepository,
)
from notebook.erasure import ERASURE
from notebook.views import (
    ConversationSummary,
    DocumentView,
    HistoryView,
    JobView,
    MessagePage,
    MessageView,
    NotebookDetail,
    NotebookSummary,
    SourceDetail,
)
from pgwright_runtime.erasure import erase

router = APIRouter()


# PostgreSQL stores every character but NUL.
_STORABLE = r"^[^\x00]*$"


class NewNotebook(BaseModel):
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_STORABLE)]
    description: Annotated[str, StringConstraints(max_length=20_000, pattern=_STORABLE)] = ""


class NewMessage(BaseModel):
    content: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=_STORABLE)]


class Created(BaseModel):
    id: UUID


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


def read_cursor(after_time: datetime | None = None, after_id: UUID | None = None) -> Cursor | None:
    """Return where the page starts: `created_at` and `id` of the last row of the page before."""
    if (after_time is None) != (after_id is None):
        raise HTTPException(422, "after_time and after_id belong together")
    if after_time is None or after_id is None:
        return None
    if after_time.tzinfo is None:
        raise HTTPException(422, "after_time needs a time zone")
    return Cursor(after_time, after_id)


Value = TypeVar("Value")

Session = Annotated[AsyncSession, Depends(open_session)]
UserId = Annotated[UUID, Header(alias="X-User-Id")]
Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[Cursor | None, Depends(read_cursor)]


def found(value: Value | None, what: str) -> Value:
    if not value:
        raise HTTPException(404, f"no such {what}")
    return value


@router.get("/notebooks")
async def list_notebooks(session: Session, user_id: UserId, after: After, limit: Limit = 50) -> list[NotebookSummary]:
    return await NotebookRepository(session).list_by_owner(user_id, limit, after)


@router.post("/notebooks", status_code=201)
async def create_notebook(session: Session, user_id: UserId, new: NewNotebook) -> Created:
    notebook_id = await NotebookRepository(session).add(user_id, new.title, new.description)
    await session.commit()
    return Created(id=found(notebook_id, "user"))


@router.get("/notebooks/{notebook_id}")
async def get_notebook(session: Session, user_id: UserId, notebook_id: UUID) -> NotebookDetail:
    return found(await NotebookRepository(session).get_by_id_and_owner(notebook_id, user_id), "notebook")


@router.delete("/notebooks/{notebook_id}", status_code=204, response_model=None)
async def delete_notebook(session: Session, user_id: UserId, notebook_id: UUID) -> None:
    found(await lifecycle.delete_notebook(session, notebook_id, user_id), "notebook")
    await session.commit()


@router.post("/notebooks/{notebook_id}/restore", status_code=204, response_model=None)
async def restore_notebook(session: Session, user_id: UserId, notebook_id: UUID) -> None:
    found(await lifecycle.restore_notebook(session, notebook_id, user_id), "deleted notebook")
    await session.commit()


@router.get("/notebooks/{notebook_id}/sources")
async def list_sources(session: Session, user_id: UserId, notebook_id: UUID) -> list[SourceDetail]:
    found(await NotebookRepository(session).is_owned(notebook_id, user_id), "notebook")
    return await SourceRepository(session).list_by_notebook(notebook_id)


@router.get("/notebooks/{notebook_id}/conversations")
async def list_conversations(
    session: Session, user_id: UserId, notebook_id: UUID, after: After, limit: Limit = 50
) -> list[ConversationSummary]:
    found(await NotebookRepository(session).is_owned(notebook_id, user_id), "notebook")
    return await ConversationRepository(session).list_by_notebook(notebook_id, user_id, limit, after)


@router.get("/conversations/{conversation_id}/messages")
async def list_messages(
    session: Session, user_id: UserId, conversation_id: UUID, after: After, limit: Limit = 50
) -> MessagePage:
    page = await MessageRepository(session).page(conversation_id, user_id, limit, after)
    return found(page, "conversation")


@router.post("/conversations/{conversation_id}/messages", status_code=201)
async def post_message(session: Session, user_id: UserId, conversation_id: UUID, new: NewMessage) -> MessageView:
    message = await MessageRepository(session).post(conversation_id, user_id, "user", new.content)
    await session.commit()
    return found(message, "conversation")


@router.get("/jobs/pending")
async def poll_jobs(session: Session, limit: Limit = 50) -> list[JobView]:
    """What the workers poll; the gateway keeps it to them."""
    return await JobRepository(session).pending(limit)


@router.get("/jobs/{job_id}")
async def get_job(session: Session, user_id: UserId, job_id: UUID) -> JobView:
    return found(await JobRepository(session).get(job_id, user_id), "job")


@router.get("/documents")
async def list_documents(session: Session, user_id: UserId, after: After, limit: Limit = 50) -> list[DocumentView]:
    return await DocumentRepository(session).list_by_user(user_id, limit, after)


@router.get("/history")
async def list_history(session: Session, user_id: UserId, after: After, limit: Limit = 50) -> list[HistoryView]:
    return await HistoryRepository(session).list_by_user(user_id, limit, after)


@router.delete("/users/{erased_id}", status_code=204, response_model=None)
async def erase_user(request: Request, user_id: UserId, erased_id: UUID) -> None:
    """Erase the user who asks, and nobody else, beyond recovery (GDPR, article 17)."""
    secret = request.app.state.erasure_secret
    if not secret:
        raise HTTPException(503, "erasing needs ERASURE_SECRET, which hashes the list of the erased")
    outcome = erased_id == user_id and await erase(request.app.state.engine, ERASURE, erased_id, secret=secret)
    found(outcome and outcome.status == "erased", "user")
