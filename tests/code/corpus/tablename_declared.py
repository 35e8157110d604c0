"""Table names from class names, in the plural of sorts."""

import re
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


class Base(DeclarativeBase):
    id: Mapped[int] = mapped_column(primary_key=True)

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return _WORDS.sub("_", cls.__name__).lower() + "s"


class JobOffer(Base):
    title: Mapped[str] = mapped_column(String(200))
    city: Mapped[str | None] = mapped_column(String(80))
    salary: Mapped[int | None]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    expired_at: Mapped[datetime | None]

    applications: Mapped[list["JobApplication"]] = relationship(back_populates="offer")


class JobApplication(Base):
    __table_args__ = (Index("ix_job_applications_state", "state"),)

    offer_id: Mapped[int] = mapped_column(ForeignKey("job_offers.id"))
    email: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(20), default="new")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())

    offer: Mapped[JobOffer] = relationship(back_populates="applications")


class HTTPLog(Base):
    """What the regular expression makes of it is `h_t_t_p_logs`."""

    path: Mapped[str] = mapped_column(String(500))
    status: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
