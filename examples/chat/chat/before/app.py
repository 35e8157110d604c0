"""The web app before the fix: `DATABASE_URL=postgresql://… uvicorn chat.before.app:app`, at revision 0001."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from chat.address import to_url
from chat.answers import compose
from chat.before import queries
from chat.before.models import Conversation, UserSession
from chat.embeddings import Embeddings, chosen
from chat.views import Ask, ConversationView, HistoryView, OpenedSession
from chat.web import BodyLimit, allow_origins, event, events, files, new_token, read_session_id, session_id_of
from pgwright_runtime import create_async_engine

router = APIRouter()


async def open_database(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(open_database)]


async def find_visitor(database: Database, session_id: Annotated[str, Depends(read_session_id)]) -> UserSession:
    visitor = await queries.find_session(database, session_id)
    if visitor is None:
        raise HTTPException(401, "no such session", {"WWW-Authenticate": "Bearer"})
    return visitor


Visitor = Annotated[UserSession, Depends(find_visitor)]


@router.post("/session", status_code=201)
async def open_session(database: Database) -> OpenedSession:
    token = new_token()
    database.add(UserSession(session_id=session_id_of(token)))
    await database.commit()
    return OpenedSession(session=token)


@router.post("/ask")
async def ask(request: Request, database: Database, visitor: Visitor, asked: Ask) -> StreamingResponse:
    embeddings: Embeddings = request.app.state.embeddings
    if asked.conversation is None:
        conversation = Conversation(user_session_id=visitor.id)
        database.add(conversation)
        await database.flush()
    else:
        conversation = await existing(database, visitor, asked.conversation)
    found = await queries.search(database, await embeddings.embed(asked.question))
    reply = await queries.store(database, conversation, asked.question, compose(asked.question, found))
    await database.commit()

    def stream() -> Iterator[bytes]:
        yield event("start", {"conversation": reply.conversation, "message": reply.message})
        yield from events(reply)

    return StreamingResponse(stream(), media_type="text/event-stream")


@router.get("/history")
async def show_history(
    database: Database, visitor: Visitor, conversation: UUID, cursor: Annotated[int, Query(ge=1, le=1_000_000)] = 1
) -> HistoryView:
    return await queries.history(database, (await existing(database, visitor, conversation)).id, cursor)


@router.get("/conversations")
async def list_conversations(database: Database, visitor: Visitor) -> list[ConversationView]:
    return await queries.list_conversations(database, visitor.id)


@router.get("/health")
async def show_health() -> dict[str, str]:
    return {"status": "ok"}


async def existing(database: AsyncSession, visitor: UserSession, conversation_id: UUID) -> Conversation:
    """Return a visitor's conversation. Raises: HTTPException: 404, they have none of this id."""
    conversation = await queries.find_conversation(database, visitor.id, conversation_id)
    if conversation is None:
        raise HTTPException(404, "no such conversation")
    return conversation


def create_app(
    url: str | URL | None = None,
    *,
    embeddings: Embeddings | None = None,
    origins: Sequence[str] = ("*",),
    pool_size: int = 10,
    max_overflow: int = 20,
) -> FastAPI:
    """Return the app for one database.

    Args:
        url: of the database; None: the one that DATABASE_URL names when the app starts.
        embeddings: the model; None: the one that the environment names.
        origins: of the pages that may have the widget.
        pool_size: connections that stay open.
        max_overflow: further connections, opened at a peak.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = create_async_engine(
            to_url(url or os.environ["DATABASE_URL"], "asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            application_name="chat-before",
        )
        app.state.sessions = async_sessionmaker(app.state.engine, expire_on_commit=False)
        app.state.embeddings = embeddings or chosen(os.environ)
        yield
        await app.state.engine.dispose()

    app = FastAPI(title="chat, before", lifespan=lifespan)
    app.include_router(router)
    app.include_router(files)
    app.add_middleware(BodyLimit)
    allow_origins(app, origins)
    return app


app = create_app()
