"""Somebody once heard that indexes make things fast."""

from datetime import datetime
from typing import Optional

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column as column


class Base(DeclarativeBase):
    pass


class Profile(Base):
    __tablename__ = "profile"

    id: Mapped[int] = column(primary_key=True, index=True)
    handle: Mapped[str] = column(String(40), unique=True, index=True)
    email: Mapped[str] = column(String(254), unique=True)
    city: Mapped[Optional[str]] = column(String(80), index=True)
    born: Mapped[Optional[datetime]] = column(index=True)
    bio: Mapped[Optional[str]] = column(Text(), index=False)
    deleted_at: Mapped[Optional[datetime]] = column(DateTime, index=True, default=None)


class Follow(Base):
    __tablename__ = "follow"

    id: Mapped[int] = column(index=True, primary_key=True)
    follower_id: Mapped[int] = column(ForeignKey("profile.id"), index=True)
    followed_id: Mapped[int] = column("target_id", ForeignKey("profile.id"), index=True)
    muted: Mapped[bool] = column(index=True, default=False, nullable=False)
    since: Mapped[datetime] = column(
        index=True,  # for the feed
    )


class Ping(Base):
    __tablename__ = "ping"

    id: Mapped[int] = column(BigInteger, primary_key=True)
    profile_id: Mapped[int] = column(BigInteger, ForeignKey("profile.id", onupdate="CASCADE",), index = True,)
    kind: Mapped[str] = column(String(10), index=True, nullable=False)
    at: Mapped[datetime] = column(DateTime, nullable=False, index=True)
