from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, String, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Lead(Base):
    __tablename__ = "lead"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    source: Mapped[str] = mapped_column(String(30))
    score: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime, server_default=func.now())
    lost_at: Mapped[datetime | None] = mapped_column(DateTime)


# case does not matter in an address
Index("ix_lead_email_lower", func.lower(Lead.email), unique=True)
Index("ix_lead_created_at", Lead.created_at.desc())
Index(
    "ix_lead_open",
    Lead.source,
    Lead.score.desc(),
    postgresql_where=Lead.lost_at.is_(None),
)


class Touch(Base):
    __tablename__ = "touch"

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    channel: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(DateTime)


touch_by_lead = Index("ix_touch_lead_id_at", Touch.lead_id, Touch.at)
ix = Index("ix_touch_channel", Touch.__table__.c.channel)


class Unsubscribe(Base):
    __tablename__ = "unsubscribe"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(DateTime)


Index("ix_unsubscribe_at", "at", _table=Unsubscribe.__table__)
