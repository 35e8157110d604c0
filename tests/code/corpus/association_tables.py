from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


movie_actor = Table(
    "movie_actor",
    Base.metadata,
    Column("movie_id", ForeignKey("movie.id"), primary_key=True),
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
)

movie_genre = Table("movie_genre", Base.metadata,
                    Column("movie_id", Integer, ForeignKey("movie.id", ondelete="CASCADE"), nullable=False),
                    Column("genre_id", Integer, ForeignKey("genre.id", ondelete="CASCADE"), nullable=False, index=True),
                    UniqueConstraint("movie_id", "genre_id"))


class Movie(Base):
    __tablename__ = "movie"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime)

    actors: Mapped[list[Actor]] = relationship(secondary=movie_actor, back_populates="movies")
    genres: Mapped[set["Genre"]] = relationship(secondary="movie_genre")


class Actor(Base):
    __tablename__ = "actor"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    born: Mapped[datetime | None]

    movies: Mapped[list[Movie]] = relationship(secondary=movie_actor, back_populates="actors")


class Genre(Base):
    __tablename__ = "genre"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
