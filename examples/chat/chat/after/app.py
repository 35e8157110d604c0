"""The web app after the fix: `DATABASE_URL=postgresql://… uvicorn --factory chat.after.app:create_app`.

`REDIS_URL=redis://…` lets several processes share caches and limits.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from chat.after import queries
from chat.after.models import UserSession
from chat.after.queries import KeyReused, Turn
from chat.after.services import Services, open_services
from chat.after.settings import Settings, from_environment
from chat.embeddings import EmbeddingFailed, EmbeddingRefused, Embeddings, chosen
from chat.views import PAGE_ITEMS, Ask, ConversationView, HistoryView, OpenedSession, Reply
from chat.web import (
    PING,
    BodyLimit,
    IdempotencyKey,
    RequestTimes,
    allow_origins,
    event,
    events,
    files,
    new_token,
    read_session_id,
    session_id_of,
)
from pgwright_runtime.limits import LimitMiddleware
from pgwright_runtime.limits.fastapi import answer_refusals
from pgwright_runtime.paging.fastapi import answer_invalid_pages
from pgwright_runtime.resilience import CircuitOpen, OutcomeUnknown, UnavailableMiddleware, run_transaction

log = logging.getLogger("chat")
router = APIRouter()
# An answer that takes longer is streamed from its begin, so that the visitor sees that something happens.
PATIENCE_S, HEARTBEAT_S = 2.0, 15.0
HEALTH_S = 1.0
LONGEST_CURSOR = 2_000
TROUBLE = "The answer could not be given. Try again."


def services_of(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Used = Annotated[Services, Depends(services_of)]


async def open_database(services: Used) -> AsyncIterator[AsyncSession]:
    async with services.sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(open_database)]


async def find_visitor(services: Used, session_id: Annotated[str, Depends(read_session_id)]) -> queries.Visitor:
    # Of its own, so that no connection is held while the question is answered.
    async with services.sessions() as session:
        visitor = await queries.find_visitor(session, session_id)
    if visitor is None:
        raise HTTPException(401, "no such session", {"WWW-Authenticate": "Bearer"})
    return visitor


Visitor = Annotated[queries.Visitor, Depends(find_visitor)]


@router.post("/session", status_code=201)
async def open_session(database: Database) -> OpenedSession:
    token = new_token()
    database.add(UserSession(session_id=session_id_of(token)))
    await database.commit()
    return OpenedSession(session=token)


@router.post("/ask")
async def ask(services: Used, visitor: Visitor, asked: Ask, key: IdempotencyKey) -> StreamingResponse:
    turn = Turn(visitor, key, asked.question, asked.conversation, datetime.now(UTC))
    if asked.conversation is not None:
        async with services.sessions() as session:
            if not await queries.has_conversation(session, visitor, asked.conversation):
                raise HTTPException(404, "no such conversation")
    answering = asyncio.create_task(answer(services, turn))
    try:
        await asyncio.wait({answering}, timeout=PATIENCE_S)
        if answering.done():
            answering.result()  # what went wrong until now has a status of its own
    except BaseException:
        answering.cancel()
        raise
    return StreamingResponse(stream(turn, answering), media_type="text/event-stream")


async def answer(services: Services, turn: Turn) -> Reply:
    """Find the answer and store it with its question, once for each idempotency key."""
    found = await services.assistant.answer(turn.question)
    storing = partial(queries.store, turn=turn, answer=found, model=services.assistant.model)
    return await run_transaction(services.sessions, storing, registry=services.registry)


async def stream(turn: Turn, answering: asyncio.Task[Reply]) -> AsyncIterator[bytes]:
    """Yield an answer's events, and a sign of life as long as there is none."""
    yield event("start", {"conversation": turn.conversation_id, "message": turn.answer_id})
    try:
        while not answering.done():
            await asyncio.wait({answering}, timeout=HEARTBEAT_S)
            if not answering.done():
                yield PING
        try:
            reply = answering.result()
        except Exception:
            log.exception("a question was not answered")
            yield event("error", {"detail": TROUBLE})
            return
        for each in events(reply):
            yield each
    finally:
        answering.cancel()  # who has left needs no answer


@router.get("/history")
async def show_history(
    services: Used,
    database: Database,
    visitor: Visitor,
    conversation: UUID,
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
) -> HistoryView:
    query = queries.history(visitor, conversation)
    page = await services.pager.page(database, query, size=PAGE_ITEMS, cursor=cursor)
    if not page.items and not await queries.has_conversation(database, visitor, conversation):
        raise HTTPException(404, "no such conversation")
    return HistoryView(items=[queries.show_message(message) for message in page.items], next=page.next)


@router.get("/conversations")
async def list_conversations(database: Database, visitor: Visitor) -> list[ConversationView]:
    return await queries.list_conversations(database, visitor)


@router.get("/health")
async def show_health(services: Used, response: Response) -> dict[str, str]:
    """Tell a load balancer whether to send requests here: not without the database, but without Redis."""
    try:
        async with asyncio.timeout(HEALTH_S), services.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (CircuitOpen, SQLAlchemyError, OSError, TimeoutError):
        response.status_code = 503
        return {"status": "unavailable", "database": services.database.state}
    return {"status": "ok", "database": services.database.state}


@router.get("/metrics")
async def show_metrics(services: Used) -> Response:
    return Response(generate_latest(services.registry), media_type=CONTENT_TYPE_LATEST)


async def say_unprocessable(request: Request, error: Exception) -> JSONResponse:
    detail = str(error) if isinstance(error, EmbeddingRefused) else "the Idempotency-Key was another question's"
    return JSONResponse({"detail": detail}, status_code=422)


async def say_again(request: Request, error: Exception) -> JSONResponse:
    # By its key the question is stored once, however often it comes.
    return JSONResponse({"detail": "ask again"}, status_code=503, headers={"Retry-After": "1"})


def create_app(settings: Settings | None = None, *, embeddings: Embeddings | None = None) -> FastAPI:
    """Return the app for one process.

    Args:
        settings: None: those of the environment.
        embeddings: the model; None: the one that the environment names.
    """
    chosen_settings = settings or from_environment()
    services = open_services(chosen_settings, embeddings or chosen(os.environ))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.start()
        try:
            yield
        finally:
            await services.aclose()

    app = FastAPI(title="chat", lifespan=lifespan)
    app.state.services = services
    app.include_router(router)
    app.include_router(files)
    app.add_exception_handler(KeyReused, say_unprocessable)
    app.add_exception_handler(EmbeddingRefused, say_unprocessable)
    app.add_exception_handler(EmbeddingFailed, say_again)
    app.add_exception_handler(OutcomeUnknown, say_again)
    answer_invalid_pages(app)
    answer_refusals(app)
    # Each goes around those before it.
    app.add_middleware(BodyLimit)
    app.add_middleware(UnavailableMiddleware)
    app.add_middleware(LimitMiddleware, limiter=services.limiter)
    app.add_middleware(RequestTimes, registry=services.registry)
    allow_origins(app, chosen_settings.origins)
    return app
