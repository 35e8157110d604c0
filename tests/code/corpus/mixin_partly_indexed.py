"""An index of a mixin that one of its tables loses, and another one keeps."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Traced:
    request_id: Mapped[str | None] = mapped_column(String(40), index=True)
    logged_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Login(Traced, Base):
    __tablename__ = "login"

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(80))
    ok: Mapped[bool]


class Download(Traced, Base):
    __tablename__ = "download"
    __table_args__ = (Index("ix_download_path", "path"),)  # sorts before the mixin's

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"))
    path: Mapped[str] = mapped_column(String(500))
    bytes: Mapped[int | None]

BY_HAND = {"ix_login_request_id": "the mixin gives it to download too, which keeps it"}
