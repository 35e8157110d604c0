"""Table arguments that an abstract base makes for each of its tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData, String, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData()

    __abstract__ = True


class Model(Base):
    __abstract__ = True

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return f"pos_{cls.__name__.lower()}"

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (Index(f"ix_{cls.__tablename__}_changed_at", "changed_at"), {"comment": cls.__doc__})

    id: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime | None]


class Till(Model):
    """A till of a shop."""

    shop: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]


class Receipt(Model):
    """What the customer takes home."""

    till_id: Mapped[int] = mapped_column(ForeignKey("pos_till.id"))
    total: Mapped[int]
    printed: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str] = mapped_column(String(40), unique=True)


class Shift(Model):
    """One person at one till."""

    @declared_attr.directive
    def __table_args__(cls) -> Any:
        return (Index("ix_pos_shift_person", "person"), *super().__table_args__)

    till_id: Mapped[int] = mapped_column(ForeignKey("pos_till.id"))
    person: Mapped[str] = mapped_column(String(80))
    began_at: Mapped[datetime]
