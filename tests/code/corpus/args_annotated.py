from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, Index, SmallInteger, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import SchemaItem
import datetime


class Base(DeclarativeBase):
    pass


class Recipe(Base):
    __tablename__: str = "recipe"
    __table_args__: tuple[Any, ...] = (Index("ix_recipe_cuisine", "cuisine"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(160), unique=True)
    cuisine: Mapped[str | None] = mapped_column(String(40))
    minutes: Mapped[int] = mapped_column(SmallInteger)
    removed_at: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))


class Ingredient(Base):
    __tablename__ = "ingredient"
    __table_args__: "tuple[SchemaItem | dict[str, Any], ...]" = (
        Index("ix_ingredient_recipe_id", "recipe_id"),
        {},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"))
    name: Mapped[str] = mapped_column(String(80))
    grams: Mapped[int | None]


class Rating(Base):
    __tablename__ = "rating"
    __table_args__: ClassVar[dict[str, Any]] = {"comment": "one to five"}

    id: Mapped[int] = mapped_column(primary_key=True)
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"))
    stars: Mapped[int] = mapped_column(SmallInteger)
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
