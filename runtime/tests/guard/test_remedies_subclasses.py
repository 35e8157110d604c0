"""What the guard says of several subclasses, and of `session.refresh()`: true for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, ForeignKey, create_engine, orm, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectin_polymorphic

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import Problem, QueryGuard, QueryProblems

ROWS = 4


class Base(DeclarativeBase):
    pass


class Keeper(Base):
    __tablename__ = "keepers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    keeper_id: Mapped[int] = mapped_column(ForeignKey("keepers.id"))
    keeper: Mapped[Keeper] = relationship()
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal):
    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    breed: Mapped[str]
    toys: Mapped[list[Toy]] = relationship(foreign_keys="Toy.dog_id")
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Cat(Animal):
    __tablename__ = "cats"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    color: Mapped[str]
    toys: Mapped[list[Toy]] = relationship(foreign_keys="Toy.cat_id")
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Toy(Base):
    __tablename__ = "toys"
    id: Mapped[int] = mapped_column(primary_key=True)
    dog_id: Mapped[int | None] = mapped_column(ForeignKey("dogs.id"))
    cat_id: Mapped[int | None] = mapped_column(ForeignKey("cats.id"))


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = f"zoo_{uuid4().hex[:8]}"
    server.create_database(name, template="template1")
    engine = create_engine(server.url(name, "psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for _ in range(ROWS):
            keeper = Keeper()
            session.add(Dog(breed="x", toys=[Toy()], keeper=keeper))
            session.add(Cat(color="y", toys=[Toy()], keeper=keeper))
        session.commit()
    yield engine
    engine.dispose()
    server.drop_database(name)


def found(engine: Engine, work: Callable[[Session], object]) -> tuple[Problem, ...]:
    try:
        with Session(engine) as session, QueryGuard(engine, mode="raise").unit("work"):
            work(session)
    except QueryProblems as error:
        return error.problems
    return ()


def own_columns(animals: Any) -> None:
    assert [animal.breed if isinstance(animal, Dog) else animal.color for animal in animals]


def toys(animals: Any) -> None:
    assert [len(animal.toys) for animal in animals]


@pytest.mark.parametrize("use", [own_columns, toys])
def test_the_options_of_two_subclasses_can_be_pasted_together(engine: Engine, use: Callable[[Any], None]) -> None:
    problems = found(engine, lambda session: use(session.scalars(select(Animal)).all()))
    assert len(problems) == 2
    assert all("selectin_polymorphic(Animal, [Cat, Dog])" in problem.loader for problem in problems)
    options = eval(", ".join(problem.loader for problem in problems), {**vars(orm), **globals()})
    mended = select(Animal).options(*options)
    assert found(engine, lambda session: use(session.scalars(mended).all())) == ()


def test_an_option_that_is_there_is_widened(engine: Engine) -> None:
    query = select(Animal).options(selectin_polymorphic(Animal, [Dog]))
    (problem,) = found(engine, lambda session: own_columns(session.scalars(query).all()))
    assert problem.loader == "selectin_polymorphic(Animal, [Cat, Dog])"


def refresh(session: Session, names: list[str] | None) -> None:
    for animal in session.scalars(select(Dog)).all():
        session.refresh(animal, names)


@pytest.mark.parametrize(
    ("names", "loader", "advice"),
    [
        (["keeper"], "joinedload(Animal.keeper)", "add joinedload(Animal.keeper) to the query of Dog in its place"),
        (["toys"], "selectinload(Dog.toys)", "add selectinload(Dog.toys) to the query of Dog in its place"),
        (["breed"], "", "leave it out"),
        (["breed", "keeper"], "joinedload(Animal.keeper)", "joinedload(Animal.keeper)"),
        (None, "", "leave it out"),
    ],
    ids=str,
)
def test_a_refresh_is_called_a_refresh(engine: Engine, names: list[str] | None, loader: str, advice: str) -> None:
    problems = found(engine, lambda session: refresh(session, names))
    assert not [problem for problem in problems if "undefer" in problem.advice]
    problem = next(problem for problem in problems if "session.refresh()" in problem.advice)
    assert problem.loader == loader
    assert advice in problem.advice
