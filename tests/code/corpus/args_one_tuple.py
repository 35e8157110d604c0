from datetime import datetime

from sqlalchemy import DateTime, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase): pass


class Subscriber(Base):
    __tablename__ = 'subscribers'
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200))
    list_name: Mapped[str] = mapped_column(String(60))
    unsubscribed_at: Mapped[datetime | None] = mapped_column(DateTime)
    __table_args__ = UniqueConstraint('email', 'list_name', name='uq_subscribers_email_list'),


class Campaign(Base):
    __tablename__ = 'campaigns'
    __table_args__ = (Index('ix_campaigns_send_at', 'send_at'),)
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    list_name: Mapped[str] = mapped_column(String(60))
    send_at: Mapped[datetime] = mapped_column(DateTime)


class Bounce(Base):
    __tablename__ = 'bounces'
    __table_args__ = (
        # Support asks for the latest of an address.
        Index('ix_bounces_email', 'email'),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200))
    code: Mapped[int]
    happened_at: Mapped[datetime] = mapped_column(DateTime)


class Template(Base):
    __tablename__ = 'templates'
    __table_args__ = ()
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    html: Mapped[str]
