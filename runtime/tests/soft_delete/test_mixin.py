"""Which tables bear a mark, of every way to declare a class."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Table, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, declarative_base, mapped_column, registry

from pgwright_runtime.soft_delete import SoftDelete, soft_deletable
from pgwright_runtime.soft_delete.mixin import mark_of


class Base(DeclarativeBase):
    pass


class Animal(SoftDelete, Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Horse(Animal):
    __tablename__ = "horses"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "horse"}


class Donkey(Animal):
    __mapper_args__ = {"polymorphic_identity": "donkey"}


class Cart(Base):
    __tablename__ = "carts"
    id: Mapped[int] = mapped_column(primary_key=True)


def has_mark(model: Any) -> bool:
    return mark_of(model.__table__) is not None


def test_the_mark_is_the_last_column_a_nullable_moment() -> None:
    mark = Animal.__table__.c.deleted_at
    assert mark is list(Animal.__table__.c)[-1]
    assert mark.nullable
    assert isinstance(mark.type, DateTime)
    assert mark.type.timezone


def test_of_inherited_classes_the_first_ones_table_has_the_mark() -> None:
    assert has_mark(Animal)
    assert has_mark(Donkey)
    assert not has_mark(Horse)
    assert "deleted_at" not in Horse.__table__.c


def test_no_mark_without_the_mixin() -> None:
    assert not has_mark(Cart)


def test_a_base_may_have_the_mixin() -> None:
    class Deletable(SoftDelete, DeclarativeBase):
        pass

    class Named(Deletable):
        __abstract__ = True
        name: Mapped[str]

    class Stable(Named):
        __tablename__ = "stables"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert has_mark(Stable)


def test_the_order_of_the_bases_does_not_matter() -> None:
    class Saddle(Base, SoftDelete):
        __tablename__ = "saddles"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert has_mark(Saddle)


def test_a_base_made_by_a_function_and_a_class_made_by_a_decorator() -> None:
    class Rein(SoftDelete, declarative_base()):  # type: ignore[misc]
        __tablename__ = "reins"
        id = Column(Integer, primary_key=True)

    @registry().mapped
    class Bit(SoftDelete):
        __tablename__ = "bits"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert has_mark(Rein)
    assert has_mark(Bit)


def test_a_dataclass_does_not_get_a_field() -> None:
    class Bucket(SoftDelete, MappedAsDataclass, Base):
        __tablename__ = "buckets"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert has_mark(Bucket)
    assert Bucket(1).deleted_at is None


def test_a_class_of_sqlmodel() -> None:
    sqlmodel = pytest.importorskip("sqlmodel")

    class Pitchfork(SoftDelete, sqlmodel.SQLModel, table=True):  # type: ignore[misc, call-arg, name-defined]
        id: int | None = sqlmodel.Field(default=None, primary_key=True)

    assert has_mark(Pitchfork)
    assert Pitchfork(id=1).deleted_at is None


def test_a_class_of_a_table_that_is_there() -> None:
    class Whip(SoftDelete, Base):
        __table__ = Table(
            "whips",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("deleted_at", DateTime(timezone=True)),
        )

    class Lash(SoftDelete, Base):
        __table__ = select(Whip.__table__).subquery()
        __mapper_args__ = {"primary_key": [__table__.c.id]}

    assert has_mark(Whip)
    assert issubclass(Lash, SoftDelete)


def test_a_concrete_class_declares_its_own_column() -> None:
    class Fence(SoftDelete, Base):
        __tablename__ = "fences"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Hedge(Fence):
        __tablename__ = "hedges"
        id: Mapped[int] = mapped_column(primary_key=True)
        deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
        __mapper_args__ = {"concrete": True}

    assert has_mark(Fence)
    assert has_mark(Hedge)
    with pytest.raises(ArgumentError, match="Wall has a table of its own"):

        class Wall(Fence):
            __tablename__ = "walls"
            id: Mapped[int] = mapped_column(primary_key=True)
            __mapper_args__ = {"concrete": True}


def test_a_table_without_a_class_is_declared() -> None:
    table = Table("owners", MetaData(), Column("id", Integer), Column("deleted_at", DateTime(timezone=True)))
    assert mark_of(table) is None
    assert soft_deletable(table) is table
    assert mark_of(table) is table.c.deleted_at
    assert mark_of(table.to_metadata(MetaData())) is not None


def test_a_table_without_the_column_cannot_be_declared() -> None:
    with pytest.raises(ArgumentError, match="'owners' cannot be marked"):
        soft_deletable(Table("owners", MetaData()))


def test_a_mixin_below_an_unmarked_class_is_refused() -> None:
    class Tool(Base):
        __tablename__ = "tools"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "tool"}

    with pytest.raises(ArgumentError, match="give the mixin SoftDelete to Tool"):

        class Hammer(SoftDelete, Tool):
            __tablename__ = "hammers"
            id: Mapped[int] = mapped_column(ForeignKey("tools.id"), primary_key=True)
            __mapper_args__ = {"polymorphic_identity": "hammer"}
