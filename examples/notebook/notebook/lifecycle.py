"""Deleting a notebook so that it can come back, bringing it back, and erasing a user for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notebook.after.models import Base, Chunk, Conversation, Message, Notebook, Quiz, Source, StudyGuide, User
from pgwright_runtime.soft_delete import show_deleted


async def delete_notebook(session: AsyncSession, notebook_id: UUID, owner_id: UUID) -> bool:
    """Mark a notebook and all that hangs on it as deleted, in one transaction; the caller commits.

    Returns: False when the user has no such notebook, or it is deleted already.
    """
    now = datetime.now(UTC)
    if not await _set_deleted(session, Notebook, _is(notebook_id, owner_id), old=None, new=now):
        return False
    for model, belongs in _children(notebook_id):
        await _set_deleted(session, model, belongs, old=None, new=now)
    return True


async def restore_notebook(session: AsyncSession, notebook_id: UUID, owner_id: UUID) -> bool:
    """Bring a deleted notebook back, with what was deleted together with it; the caller commits.

    What its owner had deleted before, one by one, stays deleted: its mark bears another time.

    Returns: False when the user has no such deleted notebook; after the purge there is none.
    """
    query = select(Notebook.deleted_at).where(_is(notebook_id, owner_id)).with_for_update().options(show_deleted())
    deleted_at = await session.scalar(query)
    if deleted_at is None:
        return False
    await _set_deleted(session, Notebook, _is(notebook_id, owner_id), old=deleted_at, new=None)
    for model, belongs in _children(notebook_id):
        await _set_deleted(session, model, belongs, old=deleted_at, new=None)
    return True


async def erase_user(session: AsyncSession, user_id: UUID) -> bool:
    """Delete a user and everything of theirs at once, beyond recovery (GDPR, article 17); the caller commits.

    The cascades of the database do the rest, each by an index.

    Returns: False when there is no such user.
    """
    erased: CursorResult[Any] = await session.execute(delete(User).where(User.id == user_id))  # type: ignore[assignment]
    return erased.rowcount > 0


def _is(notebook_id: UUID, owner_id: UUID) -> ColumnElement[bool]:
    return (Notebook.id == notebook_id) & (Notebook.owner_id == owner_id)


def _children(notebook_id: UUID) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    """Yield each table below a notebook, with what makes a row part of it."""
    sources = select(Source.id).where(Source.notebook_id == notebook_id)
    conversations = select(Conversation.id).where(Conversation.notebook_id == notebook_id)
    yield Source, Source.notebook_id == notebook_id
    yield Chunk, Chunk.source_id.in_(sources)
    yield Conversation, Conversation.notebook_id == notebook_id
    yield Message, Message.conversation_id.in_(conversations)
    yield Quiz, Quiz.notebook_id == notebook_id
    yield StudyGuide, StudyGuide.notebook_id == notebook_id


async def _set_deleted(
    session: AsyncSession,
    model: type[Base],
    condition: ColumnElement[bool],
    *,
    old: datetime | None,
    new: datetime | None,
) -> int:
    changing = update(model).where(condition, model.deleted_at.is_not_distinct_from(old)).values(deleted_at=new)
    changing = changing.options(show_deleted())
    changed: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        changing, execution_options={"synchronize_session": False}
    )
    return changed.rowcount
