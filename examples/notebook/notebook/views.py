"""What the pages of the app show: plain values, equal before and after the fix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

PREVIEW_CHARACTERS = 120


@dataclass(frozen=True)
class UserView:
    id: UUID
    email: str
    full_name: str
    is_active: bool


@dataclass(frozen=True)
class NotebookSummary:
    """A line of the list of notebooks."""

    id: UUID
    title: str
    created_at: datetime
    source_count: int
    conversation_count: int


@dataclass(frozen=True)
class SourceSummary:
    """A source on the page of its notebook."""

    id: UUID
    title: str
    kind: str
    created_at: datetime
    chunk_count: int


@dataclass(frozen=True)
class NotebookDetail:
    """The page of one notebook, its sources oldest first."""

    id: UUID
    title: str
    description: str
    created_at: datetime
    sources: tuple[SourceSummary, ...]
    conversation_count: int
    quiz_count: int
    study_guide_count: int


@dataclass(frozen=True)
class SourceDetail:
    """A line of the list of sources, with what its chunks add up to."""

    id: UUID
    title: str
    kind: str
    created_at: datetime
    chunk_count: int
    token_count: int
    preview: str
    """The first `PREVIEW_CHARACTERS` of its first chunk; "" without chunks."""


@dataclass(frozen=True)
class ChunkView:
    position: int
    content: str


@dataclass(frozen=True)
class ConversationSummary:
    """A line of the list of conversations."""

    id: UUID
    title: str
    created_at: datetime
    message_count: int
    last_message_at: datetime | None
    preview: str
    """The first `PREVIEW_CHARACTERS` of its last message; "" without messages."""


@dataclass(frozen=True)
class MessageView:
    id: UUID
    role: str
    content: str
    created_at: datetime


@dataclass(frozen=True)
class MessagePage:
    """One page of a conversation's history, newest message first."""

    total: int
    """Messages of the whole conversation."""
    messages: tuple[MessageView, ...]


@dataclass(frozen=True)
class JobView:
    """A job with the document that it works on, and its owner."""

    id: UUID
    kind: str
    status: str
    progress: int
    created_at: datetime
    document_id: UUID
    filename: str
    owner_email: str
    """Who is told when it is done."""


@dataclass(frozen=True)
class DocumentView:
    """A line of the list of documents; `last_job_status` is None when no job ever ran on it."""

    id: UUID
    filename: str
    size_bytes: int
    created_at: datetime
    last_job_status: str | None


@dataclass(frozen=True)
class HistoryView:
    """One thing that the app generated for a user."""

    id: UUID
    kind: str
    model: str
    total_tokens: int
    created_at: datetime
