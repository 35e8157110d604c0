"""Columns that every table has come from mixins."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class UuidKey:
    id: Mapped[str] = mapped_column(
        String(36), primary_key=True, default=lambda: str(uuid4()), sort_order=-1
    )


class Timestamps:
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        server_default=func.now(),
        onupdate=func.now(),
    )


class SoftDelete:
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Organisation(UuidKey, Timestamps, SoftDelete, Base):
    __tablename__ = "organisations"

    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))

    people: Mapped[list["Person"]] = relationship(back_populates="organisation")


class Person(UuidKey, Timestamps, SoftDelete, Base):
    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20), default="member")

    organisation: Mapped[Organisation] = relationship(back_populates="people")


class Event(UuidKey, Timestamps, Base):
    __tablename__ = "events"
    __table_args__ = (Index("ix_events_kind", "kind"),)

    person_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("people.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(40))
