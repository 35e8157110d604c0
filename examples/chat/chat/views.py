"""What both apps answer, and what they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints

LONGEST_QUESTION = 4_000
PAGE_ITEMS = 50


class Ask(BaseModel):
    question: Annotated[
        str,
        # PostgreSQL stores every character but NUL.
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION, pattern=r"^[^\x00]*$"),
    ]
    conversation: UUID | None = None
    """None: a new one."""


class CitationView(BaseModel):
    title: str
    url: str
    passage: str


class MessageView(BaseModel):
    role: str
    text: str
    sent_at: datetime
    citations: Sequence[CitationView]


class HistoryView(BaseModel):
    """A page of a conversation, newest first."""

    items: Sequence[MessageView]
    next: str | None
    """The cursor of the page before it in time; None: this is the first."""


class ConversationView(BaseModel):
    id: UUID
    created_at: datetime
    question: str
    """The first one."""
    message_count: int


class Reply(BaseModel):
    """An answer as it is stored."""

    conversation: UUID
    message: UUID
    text: str
    citations: Sequence[CitationView]


class OpenedSession(BaseModel):
    session: str
    """The token, which only the visitor has."""
