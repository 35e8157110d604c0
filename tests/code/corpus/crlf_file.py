"""Written on Windows: every line ends with CRLF."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Printer(Base):
    __tablename__ = "printer"
    __table_args__ = (
        Index("ix_printer_office", "office"),
        Index("ix_printer_model", "model"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    office: Mapped[str] = mapped_column(String(50))
    model: Mapped[str | None] = mapped_column(String(50))
    scrapped_at: Mapped[datetime | None]


class PrintJob(Base):
    __tablename__ = "print_job"

    id: Mapped[int] = mapped_column(primary_key=True)
    printer_id: Mapped[int] = mapped_column(ForeignKey("printer.id"), index=True)
    user: Mapped[str] = mapped_column(String(50))
    pages: Mapped[int]
    printed_at: Mapped[datetime | None]
