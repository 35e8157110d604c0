from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import Index
from sqlmodel import Field, MetaData, SQLModel


class TimestampMixin(SQLModel):
    created_at: datetime = Field(default_factory=datetime.now, index=True)
    deleted_at: datetime | None = Field(default=None)


class ItemBase(SQLModel):
    title: str = Field(min_length=1, max_length=255, index=True)
    description: str | None = Field(default=None, max_length=255)


class ItemCreate(ItemBase):
    pass


class Item(ItemBase, TimestampMixin, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    owner_id: UUID = Field(foreign_key="appuser.id", nullable=False)


class UserBase(SQLModel):
    email: str = Field(unique=True, index=True, max_length=255)
    full_name: str | None = Field(default=None, max_length=255)


class AppUser(UserBase, TimestampMixin, table=True):
    __table_args__: ClassVar[Any] = (Index("ix_appuser_full_name", "full_name"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    hashed_password: str


class UserPublic(UserBase):
    id: UUID


class LoginAttempt(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    user_id: UUID = Field(foreign_key="appuser.id", ondelete="CASCADE")
    address: str = Field(max_length=45)
    ok: bool = False
    at: datetime
