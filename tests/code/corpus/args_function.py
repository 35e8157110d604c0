"""Table arguments that a function makes, or a condition chooses."""

import os

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase

ON_SQLITE = os.environ.get("APP_DATABASE", "postgresql").startswith("sqlite")


BY_HAND = {"ix_play_device": "made in a loop"}


def table_args(*items, comment=None):
    return (*items, {"comment": comment})


class Base(DeclarativeBase):
    pass


class Podcast(Base):
    __tablename__ = "podcast"
    __table_args__ = table_args(
        UniqueConstraint("feed_url"),
        Index("ix_podcast_language", "language"),
        comment="one feed each",
    )

    id = Column(Integer, primary_key=True)
    feed_url = Column(String(500), nullable=False)
    title = Column(String(200), nullable=False)
    language = Column(String(5))
    dead_since = Column(DateTime)


class Episode(Base):
    __tablename__ = "episode"
    __table_args__ = () if ON_SQLITE else (Index("ix_episode_published", "published_at"),)

    id = Column(Integer, primary_key=True)
    podcast_id = Column(Integer, ForeignKey("podcast.id"), nullable=False)
    title = Column(String(200))
    seconds = Column(Integer)
    published_at = Column(DateTime)


class Play(Base):
    __tablename__ = "play"
    __table_args__ = tuple(Index(f"ix_play_{name}", name) for name in ("listener", "device"))

    id = Column(Integer, primary_key=True)
    episode_id = Column(Integer, ForeignKey("episode.id"), nullable=False)
    listener = Column(String(64), nullable=False)
    device = Column(String(40))
    position = Column(Integer, nullable=False, default=0)
    stopped_at = Column(DateTime)
