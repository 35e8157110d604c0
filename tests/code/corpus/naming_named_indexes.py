"""A convention that adds to the name of every index, those with a name too."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import conv


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(constraint_name)s_idx",
            "uq": "%(table_name)s_%(constraint_name)s_key",
        }
    )


class Farm(Base):
    __tablename__ = "farm"
    __table_args__ = (Index("region", "region"), UniqueConstraint("number", name="number"))

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(12))
    region: Mapped[str] = mapped_column(String(40))
    sold_at: Mapped[datetime | None]


class Field(Base):
    __tablename__ = "field"
    __table_args__ = (Index(conv("field_by_crop"), "crop"), Index("sown", "sown_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    farm_id: Mapped[int] = mapped_column(ForeignKey("farm.id"))
    crop: Mapped[str] = mapped_column(String(30))
    ares: Mapped[int]
    sown_at: Mapped[datetime | None]
