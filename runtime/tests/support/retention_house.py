"""A house of notes, with every kind of foreign key, and rows that are due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime.retention import KeepLast, LegalHold, OlderThan, Retention, SoftDeleted

DAY = timedelta(days=1)


class House(DeclarativeBase):
    metadata = MetaData()


class Owner(House):
    __tablename__ = "owner"
    __table_args__ = (Index("owner_deleted", "deleted_at", "id", postgresql_where="deleted_at IS NOT NULL"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    on_hold: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class Note(House):
    """Goes with its owner; may hang on another note."""

    __tablename__ = "note"
    __table_args__ = (Index("note_deleted", "deleted_at", "id"), {"info": {"soft_delete": True}})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"), index=True)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Comment(House):
    """Goes with its note."""

    __tablename__ = "comment"

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text, default="")
    on_hold: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class Invoice(House):
    """Keeps its owner, until it is old itself."""

    __tablename__ = "invoice"
    __table_args__ = (Index("invoice_made", "made_at", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Version(House):
    """Only the last three of a note stay."""

    __tablename__ = "version"
    __table_args__ = (Index("version_note", "note_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    note_id: Mapped[int] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"))
    number: Mapped[int]


def retention() -> Retention:
    """Return policies for all of it."""
    return Retention(
        [
            OlderThan(Owner.deleted_at, age=90 * DAY),
            SoftDeleted(House.metadata),
            OlderThan(Invoice.made_at, age=10 * 365 * DAY),
            KeepLast(Version.note_id, newest=Version.number, rows=3),
        ],
        holds=[
            LegalHold(Comment, Comment.on_hold, "dispute"),
            LegalHold(Owner, Owner.on_hold, "litigation", covers_below=True),
        ],
    )
