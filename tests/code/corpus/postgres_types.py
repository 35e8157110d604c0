import enum
import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Enum, ForeignKey, Identity, Index, Numeric, SmallInteger, String, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, DATERANGE, ENUM, INET, INTERVAL, JSONB, TIMESTAMP, ExcludeConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Severity(str, enum.Enum):
    low = "low"
    high = "high"


class Host(Base):
    __tablename__ = "host"
    __table_args__ = (
        Index("ix_host_tags", "tags", postgresql_using="gin"),
        Index("ix_host_address", "address", postgresql_using="gist", postgresql_ops={"address": "inet_ops"}),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    address: Mapped[str] = mapped_column(INET)
    network: Mapped[str | None] = mapped_column(CIDR)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    ports: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    facts: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    seen_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Incident(Base):
    __tablename__ = "incident"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    host_id: Mapped[int] = mapped_column(ForeignKey("host.id"))
    severity: Mapped[Severity] = mapped_column(Enum(Severity, name="severity"))
    state: Mapped[str] = mapped_column(ENUM("open", "closed", name="incident_state"), server_default="open")
    title: Mapped[str] = mapped_column(String(200))
    cost: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    labels: Mapped[dict] = mapped_column(JSONB)
    opened_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class OnCall(Base):
    __tablename__ = "on_call"
    __table_args__ = (ExcludeConstraint(("during", "&&"), name="one_at_a_time"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    who: Mapped[str] = mapped_column(String(80))
    during: Mapped[object] = mapped_column(DATERANGE)
    rest: Mapped[object | None] = mapped_column(INTERVAL)
