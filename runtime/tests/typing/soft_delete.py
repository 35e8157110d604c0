"""The types of soft delete as an app's type checker sees them: `mypy --strict` on this file."""

from __future__ import annotations

from typing import assert_type

from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session

from pgwright_runtime.errors import Error
from pgwright_runtime.soft_delete import (
    NEVER_AGAIN,
    DeletionRefused,
    KeyTaken,
    NotDeleted,
    ParentDeleted,
    RestoreRefused,
    SoftDelete,
    SoftDeleteError,
    delete_for_good,
    living_index,
    living_rows_only,
    living_unique,
    living_view,
    restore,
    unchecked_references,
)


class Base(DeclarativeBase):
    pass


class Note(SoftDelete, Base):
    __tablename__ = "notes"
    __table_args__ = (
        living_unique("title"),
        living_index("number", postgresql_include=["title"]),
        living_view("living_notes"),
        unchecked_references(),
        living_rows_only("reporting", "metrics"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    number: Mapped[int] = mapped_column(unique=True, info=dict(NEVER_AGAIN))


def sync_sessions(session: Session, scoped: scoped_session[Session], note: Note) -> None:
    assert_type(restore(session, note), dict[str, int])
    assert_type(restore(scoped, Note, 1), dict[str, int])
    delete_for_good(session, note)
    delete_for_good(scoped, note)
    restore(note)  # type: ignore[call-overload]


async def async_sessions(session: AsyncSession, scoped: async_scoped_session[AsyncSession], note: Note) -> None:
    assert_type(await restore(session, note), dict[str, int])
    assert_type(await restore(scoped, Note, (1, 2)), dict[str, int])
    await delete_for_good(session, note)


def errors(refused: DeletionRefused, deleted: ParentDeleted, taken: KeyTaken, lives: NotDeleted) -> None:
    base: SoftDeleteError = refused
    error: Error = base
    restoring: list[RestoreRefused] = [deleted, taken, lives]
    assert_type(refused.referring, tuple[tuple[str, str], ...])
    assert_type(deleted.parents, tuple[tuple[str, str, str], ...])
    assert_type(taken.constraint, str | None)
    assert_type(lives.is_there, bool)
    del error, restoring
