"""Identifiers with types of their own, mapped in one place."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, NewType, Union
from uuid import uuid4

from sqlalchemy import DateTime, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
Label = Annotated[str, "label"]
Instant = Union[datetime.datetime, None]


class Base(DeclarativeBase):
    type_annotation_map = {
        UserId: String(36),
        GroupId: String(36),
        Label: String(64),
        datetime.datetime: DateTime(timezone=True),
    }


class Group(Base):
    __tablename__ = "groups"

    id: Mapped[GroupId] = mapped_column(primary_key=True, default=lambda: GroupId(str(uuid4())))
    label: Mapped[Label] = mapped_column(unique=True)
    visibility: Mapped[Literal["open", "closed"]] = mapped_column(String(8), default="open")
    removed_at: Mapped[Instant]


class User(Base):
    __tablename__ = "users"
    __table_args__ = (Index("ix_users_label", "label"),)

    id: Mapped[UserId] = mapped_column(primary_key=True, default=lambda: UserId(str(uuid4())))
    group_id: Mapped[GroupId | None] = mapped_column(ForeignKey("groups.id"))
    label: Mapped[Label]
    last_login: Mapped[datetime.datetime | None]


class Invitation(Base):
    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[GroupId] = mapped_column(ForeignKey("groups.id"), index=True)
    inviter_id: Mapped[UserId] = mapped_column(ForeignKey("users.id"))
    email: Mapped[str]
    used_at: Mapped[Instant]
