"""A library with every kind of reference to what can be deleted and restored; shared by the tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, MetaData, Table, func, inspect
from sqlalchemy import DateTime as Moment
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column, relationship

from pgwright_runtime.soft_delete import SoftDelete, soft_deletable
from pgwright_runtime.soft_delete.mixin import mark_of


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
    )


topics_of_shelves = Table(
    "topics_of_shelves",
    Base.metadata,
    Column("shelf_id", ForeignKey("shelves.id"), primary_key=True),
    Column("topic_id", ForeignKey("topics.id"), primary_key=True),
)
"""An association that is deleted for good, without ON DELETE."""


class Topic(SoftDelete, Base):
    __tablename__ = "topics"
    id: Mapped[int] = mapped_column(primary_key=True)


class Shelf(SoftDelete, Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime | None] = mapped_column(Moment(timezone=True), onupdate=func.now())
    books: Mapped[list[Book]] = relationship(back_populates="shelf", cascade="all, delete-orphan")
    labels: Mapped[list[Label]] = relationship(cascade="all")
    topics: Mapped[list[Topic]] = relationship(secondary=topics_of_shelves)
    boxes: Mapped[list[Box]] = relationship(passive_deletes="all")


class Book(SoftDelete, Base):
    """Goes with its shelf; of two columns its key."""

    __tablename__ = "books"
    series: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("readers.id", ondelete="SET NULL"))
    shelf: Mapped[Shelf] = relationship(back_populates="books")
    reader: Mapped[Reader | None] = relationship(back_populates="books")
    notes: Mapped[list[Note]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class Reader(SoftDelete, Base):
    """Its books stay; its notes go by the relationship's cascade alone."""

    __tablename__ = "readers"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list[Book]] = relationship(back_populates="reader")
    notes: Mapped[list[Note]] = relationship(cascade="all, delete-orphan")


class Note(SoftDelete, Base):
    """Goes with its book, its reader, and the note that it answers."""

    __tablename__ = "notes"
    __table_args__ = (ForeignKeyConstraint(["series", "number"], ["books.series", "books.number"], ondelete="CASCADE"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str | None]
    number: Mapped[int | None]
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("readers.id"))
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"))
    answers: Mapped[list[Note]] = relationship(cascade="all, delete")


class Label(Base):
    """Of a shelf, deleted for good; scans hang on it."""

    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))
    scans: Mapped[list[Scan]] = relationship(cascade="all, delete-orphan")


class Scan(SoftDelete, Base):
    __tablename__ = "scans"
    id: Mapped[int] = mapped_column(primary_key=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id", ondelete="CASCADE"))


class Box(Base):
    """Forbids that its shelf goes."""

    __tablename__ = "boxes"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="RESTRICT"))


loans = soft_deletable(
    Table(
        "loans",
        Base.metadata,
        Column("reader_id", ForeignKey("readers.id", ondelete="CASCADE")),
        Column("shelf_id", ForeignKey("shelves.id", ondelete="CASCADE")),
        Column("deleted_at", Moment(timezone=True)),
    )
)
"""A table without a key."""


class Person(SoftDelete, Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Keeper(Person):
    """Shares its rows with Person by joined inheritance, and goes with the keeper that trained it."""

    __tablename__ = "keepers"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    rank: Mapped[int]
    trainer_id: Mapped[int | None] = mapped_column(ForeignKey("keepers.id", ondelete="CASCADE"))

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"polymorphic_identity": "keeper", "inherit_condition": cls.id == Person.id}


class Badge(SoftDelete, Base):
    __tablename__ = "badges"
    id: Mapped[int] = mapped_column(primary_key=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey("keepers.id", ondelete="CASCADE"))


class Hen(SoftDelete, Base):
    """A circle of two tables."""

    __tablename__ = "hens"
    id: Mapped[int] = mapped_column(primary_key=True)
    egg_id: Mapped[int | None] = mapped_column(
        ForeignKey("eggs.id", ondelete="CASCADE", use_alter=True, name="hen_of_egg")
    )


class Egg(SoftDelete, Base):
    __tablename__ = "eggs"
    id: Mapped[int] = mapped_column(primary_key=True)
    hen_id: Mapped[int | None] = mapped_column(ForeignKey("hens.id", ondelete="CASCADE"))


def fill(session: Session) -> None:
    """Store two shelves with two books each, and the notes 1 ← 3 ← 4 and 2."""
    session.add_all([Shelf(id=1), Shelf(id=2), Reader(id=1), Reader(id=2)])
    session.flush()
    session.add_all([Book(series="A", number=n, shelf_id=1 + n // 3, reader_id=1) for n in range(1, 5)])
    session.flush()
    session.add_all([Note(id=1, series="A", number=1, reader_id=1), Note(id=2, series="A", number=3, reader_id=1)])
    session.flush()
    session.add(Note(id=3, answers_id=1, reader_id=2))
    session.flush()
    session.add(Note(id=4, answers_id=3))
    session.execute(loans.insert(), [{"shelf_id": 1, "reader_id": 1}, {"shelf_id": 1, "reader_id": 2}])
    session.commit()


def living(session: Session, *models: type[Any]) -> dict[str, list[Any]]:
    """Return the keys of the rows that live, by the database's own word: of one column the value, else a tuple."""
    session.flush()
    found: dict[str, list[Any]] = {}
    for model in models:
        mapper = inspect(model)
        keys = ", ".join(column.name for column in mapper.primary_key)
        marked = "" if mark_of(mapper.local_table) is None else "WHERE deleted_at IS NULL"
        rows = session.connection().exec_driver_sql(
            f"SELECT {keys} FROM {mapper.local_table.name} {marked} ORDER BY 1, {keys}"
        )
        found[model.__name__] = [row[0] if len(row) == 1 else tuple(row) for row in rows]
    return found
