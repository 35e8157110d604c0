"""The queries before: relationships are loaded when touched, one query a row (N+1), and rows are stored one by one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chat.answers import NOTHING_FOUND, PASSAGES, Answer, Found
from chat.before.models import Citation, Conversation, Document, Message, Passage, UserSession
from chat.views import PAGE_ITEMS, CitationView, ConversationView, HistoryView, MessageView, Reply


async def find_session(session: AsyncSession, session_id: str) -> UserSession | None:
    """Return a visitor's session; it may have ended long ago."""
    return await session.scalar(select(UserSession).where(UserSession.session_id == session_id))


async def list_conversations(session: AsyncSession, user_session_id: UUID) -> list[ConversationView]:
    of_session = select(Conversation).where(Conversation.user_session_id == user_session_id)
    found = await session.scalars(of_session.order_by(Conversation.created_at.desc()).limit(PAGE_ITEMS))
    views = []
    for conversation in found.all():
        messages: Sequence[Message] = await conversation.awaitable_attrs.messages
        first = messages[0].content if messages else ""
        views.append(
            ConversationView(
                id=conversation.id,
                created_at=conversation.created_at,
                question=first,
                message_count=len(messages),
            )
        )
    return views


async def find_conversation(session: AsyncSession, user_session_id: UUID, conversation_id: UUID) -> Conversation | None:
    conversation = await session.get(Conversation, conversation_id)
    return conversation if conversation is not None and conversation.user_session_id == user_session_id else None


async def history(session: AsyncSession, conversation_id: UUID, page: int = 1) -> HistoryView:
    """Return a page of a conversation, newest first."""
    newest = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.sent_at.desc())
    found = (await session.scalars(newest.limit(PAGE_ITEMS).offset((page - 1) * PAGE_ITEMS))).all()
    items = [
        MessageView(
            role=message.role,
            text=message.content,
            sent_at=message.sent_at,
            citations=_show(await message.awaitable_attrs.citations),
        )
        for message in found
    ]
    return HistoryView(items=items, next=str(page + 1) if len(items) == PAGE_ITEMS else None)


async def search(session: AsyncSession, embedding: Sequence[float]) -> list[Found]:
    """Return the passages nearest to a vector; their documents one by one."""
    distance = Passage.embedding.cosine_distance(embedding)
    rows = (await session.execute(select(Passage, distance).order_by(distance).limit(PASSAGES))).all()
    found = []
    for passage, far in rows:
        document: Document = await passage.awaitable_attrs.document
        found.append(Found(passage.id, document.title, document.url, passage.heading, passage.content, far))
    return found


async def store(session: AsyncSession, conversation: Conversation, question: str, answer: Answer | None) -> Reply:
    """Store a question and its answer; the caller commits."""
    session.add(Message(conversation_id=conversation.id, role="user", content=question))
    await session.flush()
    text = answer.text if answer else NOTHING_FOUND
    said = Message(conversation_id=conversation.id, role="assistant", content=text)
    session.add(said)
    await session.flush()
    citations = [
        Citation(message_id=said.id, position=place, title=cited.title, url=cited.url, passage=cited.passage)
        for place, cited in enumerate(answer.citations if answer else (), start=1)
    ]
    for citation in citations:
        session.add(citation)
        await session.flush()
    return Reply(conversation=conversation.id, message=said.id, text=text, citations=_show(citations))


def _show(citations: Sequence[Citation]) -> list[CitationView]:
    return [CitationView(title=each.title, url=each.url, passage=each.passage) for each in citations]
