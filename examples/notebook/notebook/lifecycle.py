"""Deleting a notebook so that it can come back, and bringing it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from notebook.after.models import Notebook
from pgwright_runtime.soft_delete import restore, show_deleted


async def delete_notebook(session: AsyncSession, notebook_id: UUID, owner_id: UUID) -> bool:
    """Mark a notebook and all that hangs on it as deleted, in one transaction; the caller commits.

    Returns: False when the user has no such notebook, or it is deleted already.
    """
    deleting = delete(Notebook).where(Notebook.id == notebook_id, Notebook.owner_id == owner_id)
    deleted: CursorResult[Any] = await session.execute(deleting)  # type: ignore[assignment]
    return deleted.rowcount > 0


async def restore_notebook(session: AsyncSession, notebook_id: UUID, owner_id: UUID) -> bool:
    """Bring a deleted notebook back, with what was deleted together with it; the caller commits.

    What its owner had deleted before, one by one, stays deleted.

    Returns: False when the user has no such deleted notebook; after the purge there is none.
    """
    is_theirs = (Notebook.id == notebook_id) & (Notebook.owner_id == owner_id) & Notebook.deleted_at.is_not(None)
    if await session.scalar(select(Notebook.id).where(is_theirs).options(show_deleted())) is None:
        return False
    await restore(session, Notebook, notebook_id)
    return True
