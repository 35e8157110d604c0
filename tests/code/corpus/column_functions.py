"""Columns come from functions of the project."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

BY_HAND = {"ix_card_board_id": "a function of the app decides whether there is an index"}

required = partial(mapped_column, nullable=False)


def uuid_pk() -> MappedColumn[str]:
    return mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))


def reference(target: str, **options: Any) -> MappedColumn[Any]:
    """A foreign key with an index, unless told otherwise."""
    options.setdefault("index", True)
    return mapped_column(ForeignKey(target, ondelete="CASCADE"), **options)


class Base(DeclarativeBase):
    pass


class Space(Base):
    __tablename__ = "space"

    id: Mapped[str] = uuid_pk()
    name: Mapped[str] = required(String(80), unique=True)
    color: Mapped[str | None] = mapped_column(String(7))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime)


class Board(Base):
    __tablename__ = "board"
    __table_args__ = (Index("ix_board_title", "title"),)

    id: Mapped[str] = uuid_pk()
    space_id: Mapped[str] = reference("space.id", index=False)
    title: Mapped[str] = required(String(120))
    moved_at: Mapped[datetime | None] = mapped_column(DateTime)


class Card(Base):
    __tablename__ = "card"

    id: Mapped[str] = uuid_pk()
    board_id: Mapped[str] = reference("board.id")
    text: Mapped[str] = required(String(500))
    position: Mapped[int] = required(Integer, default=0)
    done_at: Mapped[datetime | None] = mapped_column(DateTime)
