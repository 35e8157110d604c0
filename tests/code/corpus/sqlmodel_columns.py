"""SQLModel where the column is said in SQLAlchemy's words."""

import uuid
from datetime import datetime, timezone
from typing import Any, Optional

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def utcnow() -> datetime:
    return datetime.now(timezone.utc)


class Account(SQLModel, table=True):
    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("email", name="uq_accounts_email"), {"comment": "who pays"})

    id: str = Field(default_factory=lambda: str(uuid.uuid4()), primary_key=True, max_length=36)
    email: str = Field(sa_column=Column(String(254), nullable=False))
    created_at: datetime = Field(default_factory=utcnow, sa_column=Column(DateTime(timezone=True), nullable=False))
    closed_at: Optional[datetime] = Field(default=None, sa_type=DateTime(timezone=True))


class ApiKey(SQLModel, table=True):
    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_prefix", "prefix"),)

    id: str = Field(primary_key=True, default_factory=lambda: str(uuid.uuid4()), sa_type=String(36))
    account_id: str = Field(
        sa_column=Column(String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    prefix: str = Field(max_length=12)
    label: str | None = Field(default=None, sa_type=Text)
    limits: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    used_at: datetime | None = Field(default=None, sa_type=sa.TIMESTAMP, sa_column_kwargs={"index": True})


class Usage(SQLModel, table=True):
    __tablename__ = "usage"

    id: int | None = Field(default=None, sa_column=Column(sa.BigInteger, primary_key=True, autoincrement=True))
    key_id: str = Field(foreign_key="api_keys.id")
    day: datetime
    requests: int = 0
    model: str = Field(sa_column_kwargs={"comment": "of the provider"})
