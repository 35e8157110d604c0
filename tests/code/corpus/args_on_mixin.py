from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


class Base(DeclarativeBase):
    pass


class Moderated:
    """Text that a moderator may hide, wherever it stands."""

    @declared_attr.directive
    def __table_args__(cls):
        return (Index(f"ix_{cls.__tablename__}_flagged_at", "flagged_at"),)

    flagged_at: Mapped[datetime | None]
    hidden_by: Mapped[str | None] = mapped_column(String(80))


class Described:
    __table_args__ = {"comment": "shown on the front page"}


class Forum(Described, Base):
    __tablename__ = "forum"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    closed_at: Mapped[datetime | None]
    rules: Mapped[str | None]


class Thread(Moderated, Base):
    __tablename__ = "thread"

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    title: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Reply(Moderated, Base):
    __tablename__ = "reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    body: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(server_default=func.now())
