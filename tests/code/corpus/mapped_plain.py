"""A small SaaS in the 2.0 style: `Mapped` alone where it is enough, `mapped_column` where it is not."""

from datetime import datetime
from typing import Optional

from sqlalchemy import ForeignKey, String, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    plan: Mapped[str] = mapped_column(String(20), default="free")
    # Billing closes a team, nobody deletes it.
    closed_at: Mapped[Optional[datetime]]

    members: Mapped[list["Member"]] = relationship(back_populates="team")


class Member(Base):
    """Somebody who works in a team."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(255), unique=True)
    nickname: Mapped[str | None]
    bio: Mapped[str | None] = mapped_column(Text)  # Markdown
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]

    team: Mapped[Team] = relationship(back_populates="members")
    notes: Mapped[list["Note"]] = relationship(back_populates="author", cascade="all, delete-orphan")

    @property
    def is_active(self) -> bool:
        return self.deleted_at is None


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    pinned: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    author: Mapped[Member] = relationship(back_populates="notes")
