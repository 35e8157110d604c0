"""Clinic bookings: constraints first, then the dict with schema and comment."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Patient(Base):
    __tablename__ = "patient"
    __table_args__ = (
        UniqueConstraint("insurance_no"),
        Index("ix_patient_family_name", "family_name", "given_name"),
        Index("ix_patient_born", text("born_on DESC")),
        {"schema": "clinic"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    insurance_no: Mapped[str] = mapped_column(String(20))
    family_name: Mapped[str] = mapped_column(String(80))
    given_name: Mapped[str] = mapped_column(String(80))
    born_on: Mapped[date]
    left_at: Mapped[datetime | None]

    visits: Mapped[list["Visit"]] = relationship(back_populates="patient")


class Visit(Base):
    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="visit_order"),
        {"schema": "clinic", "comment": "A booked time"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("clinic.patient.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]

    patient: Mapped[Patient] = relationship(back_populates="visits")


class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = ({"schema": "clinic"})

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("clinic.visit.id"), unique=True)
    number: Mapped[str] = mapped_column(String(30))
    paid_at: Mapped[datetime | None]


class Letter(Base):
    __tablename__ = "letter"
    __table_args__ = {"schema": "clinic"},

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("clinic.patient.id"))
    subject: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
