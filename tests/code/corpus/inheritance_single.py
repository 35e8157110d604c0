from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Employee(Base):
    __tablename__ = "employee"
    __table_args__ = (Index("ix_employee_kind", "kind"),)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    hired_at: Mapped[datetime] = mapped_column(server_default=func.now())
    left_at: Mapped[datetime | None]


class Manager(Employee):
    __mapper_args__ = {"polymorphic_identity": "manager"}

    budget: Mapped[int | None]
    title: Mapped[str | None] = mapped_column(String(60), index=True)


class Engineer(Employee):
    __mapper_args__ = {"polymorphic_identity": "engineer"}

    language: Mapped[str | None] = mapped_column(String(30))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id"))

    reviews: Mapped[list["Review"]] = relationship(back_populates="engineer")


class Review(Base):
    __tablename__ = "review"

    id: Mapped[int] = mapped_column(primary_key=True)
    engineer_id: Mapped[int] = mapped_column(ForeignKey("employee.id"))
    year: Mapped[int]
    grade: Mapped[str] = mapped_column(String(2))

    engineer: Mapped[Engineer] = relationship(back_populates="reviews")
