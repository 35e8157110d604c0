"""The queries after: one or two a request, whatever the number of rows, and nothing of what has expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Select, func, insert, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from chat.after.models import Citation, Conversation, Message, QueryLog, UserSession
from chat.answers import NOTHING_FOUND, Answer
from chat.views import PAGE_ITEMS, CitationView, ConversationView, MessageView, Reply

_MOMENT = timedelta(microseconds=1)


class KeyReused(Exception):
    """An idempotency key came with another question than at first."""


@dataclass(frozen=True)
class Visitor:
    """Who asks: a session that has not ended."""

    user_session_id: UUID
    expires_at: datetime
    """When it ends, and with it all that was said in it."""


@dataclass(frozen=True)
class Turn:
    """A question with the keys of its rows: the same ones for the same idempotency key, so that it is stored once."""

    visitor: Visitor
    key: UUID
    question: str
    asked_conversation: UUID | None
    asked_at: datetime

    @property
    def conversation_id(self) -> UUID:
        return self.asked_conversation or self._own("conversation")

    @property
    def question_id(self) -> UUID:
        return self._own("question")

    @property
    def answer_id(self) -> UUID:
        return self._own("answer")

    def _own(self, what: str) -> UUID:
        return uuid5(self.visitor.user_session_id, f"{self.key} {what}")


async def find_visitor(session: AsyncSession, session_id: str) -> Visitor | None:
    of_token = select(UserSession.id, UserSession.expires_at).where(
        UserSession.session_id == session_id, UserSession.expires_at > func.now()
    )
    found = (await session.execute(of_token)).one_or_none()
    return Visitor(*found) if found else None


async def has_conversation(session: AsyncSession, visitor: Visitor, conversation_id: UUID) -> bool:
    return await session.scalar(_own(visitor).where(Conversation.id == conversation_id)) is not None


async def list_conversations(session: AsyncSession, visitor: Visitor) -> list[ConversationView]:
    """Return the newest conversations, in one query."""
    of_conversation = (Message.conversation_id == Conversation.id) & (Message.expires_at > func.now())
    first = select(Message.content).where(of_conversation).order_by(Message.sent_at).limit(1).scalar_subquery()
    counted = select(func.count().label("messages")).where(of_conversation).lateral()
    query = (
        select(Conversation.id, Conversation.created_at, func.coalesce(first, ""), counted.c.messages)
        .join(counted, true())
        .where(Conversation.user_session_id == visitor.user_session_id, Conversation.expires_at > func.now())
        .order_by(Conversation.created_at.desc())
        .limit(PAGE_ITEMS)
    )
    return [
        ConversationView(id=id_, created_at=created_at, question=question, message_count=count)
        for id_, created_at, question, count in await session.execute(query)
    ]


def history(visitor: Visitor, conversation_id: UUID) -> Select[Message]:
    """Return the query of a visitor's conversation, newest first, for a `Pager`."""
    return (
        select(Message)
        .join(Conversation)
        .where(
            Message.conversation_id == conversation_id,
            Conversation.user_session_id == visitor.user_session_id,
            Message.expires_at > func.now(),
        )
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .options(selectinload(Message.citations))
    )


async def store(session: AsyncSession, turn: Turn, answer: Answer | None, model: str) -> Reply:
    """Store a question and its answer, and return what is stored of it, now or at first; the caller commits.

    Raises: KeyReused: the key was another question's.
    """
    answered_at = max(datetime.now(UTC), turn.asked_at + _MOMENT)  # a clock may have been set back meanwhile
    ends = {"expires_at": turn.visitor.expires_at}
    await session.execute(
        postgresql.insert(Conversation)
        .values(id=turn.conversation_id, user_session_id=turn.visitor.user_session_id, **ends)
        .on_conflict_do_nothing()
    )
    said = {"conversation_id": turn.conversation_id, "role": "user", "content": turn.question, **ends}
    text = answer.text if answer else NOTHING_FOUND
    stored = await session.scalars(
        postgresql.insert(Message)
        .values(
            [
                {**said, "id": turn.question_id, "sent_at": turn.asked_at},
                {**said, "id": turn.answer_id, "sent_at": answered_at, "role": "assistant", "content": text},
            ]
        )
        .on_conflict_do_nothing()
        .returning(Message.id)
    )
    if not stored.all():
        return await _stored(session, turn)
    cited = answer.citations if answer else ()
    if cited:
        own = {"message_id": turn.answer_id}
        rows = [
            {**own, "position": place, "title": each.title, "url": each.url, "passage": each.passage}
            for place, each in enumerate(cited, start=1)
        ]
        await session.execute(insert(Citation), rows)
    await session.execute(
        insert(QueryLog).values(
            question=turn.question,
            model=model,
            seconds=(answered_at - turn.asked_at).total_seconds(),
            passage_ids=[each.passage_id for each in cited],
            distances=[each.distance for each in cited],
        )
    )
    views = [CitationView(title=each.title, url=each.url, passage=each.passage) for each in cited]
    return Reply(conversation=turn.conversation_id, message=turn.answer_id, text=text, citations=views)


def show_message(message: Message) -> MessageView:
    return MessageView(
        role=message.role, text=message.content, sent_at=message.sent_at, citations=_show(message.citations)
    )


async def _stored(session: AsyncSession, turn: Turn) -> Reply:
    both = select(Message).where(Message.id.in_([turn.question_id, turn.answer_id]))
    messages = await session.scalars(both.options(selectinload(Message.citations)))
    by_id = {message.id: message for message in messages}
    question, answer = by_id[turn.question_id], by_id[turn.answer_id]
    if question.content != turn.question:
        raise KeyReused
    return Reply(
        conversation=answer.conversation_id, message=answer.id, text=answer.content, citations=_show(answer.citations)
    )


def _own(visitor: Visitor) -> Select[UUID]:
    return select(Conversation.id).where(
        Conversation.user_session_id == visitor.user_session_id, Conversation.expires_at > func.now()
    )


def _show(citations: Sequence[Citation]) -> list[CitationView]:
    return [CitationView(title=each.title, url=each.url, passage=each.passage) for each in citations]
