"""What the guard says to do, done: pasted into the query, each option ends the problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, ForeignKey, Select, create_engine, orm, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    contains_eager,
    load_only,
    mapped_column,
    relationship,
    selectinload,
    with_polymorphic,
)

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import Problem, QueryGuard, QueryProblems

ROWS = 4


class Base(DeclarativeBase):
    pass


class Zoo(Base):
    __tablename__ = "zoos"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    story: Mapped[str] = mapped_column(default="long", deferred=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("zoos.id"))
    partner: Mapped[Zoo | None] = relationship(remote_side="Zoo.id")
    animals: Mapped[list[Animal]] = relationship()


class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    zoo_id: Mapped[int] = mapped_column(ForeignKey("zoos.id"))
    visits: Mapped[list[Visit]] = relationship()
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal):
    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    breed: Mapped[str]
    toys: Mapped[list[Toy]] = relationship()
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    animal_id: Mapped[int] = mapped_column(ForeignKey("animals.id"))


class Toy(Base):
    __tablename__ = "toys"
    id: Mapped[int] = mapped_column(primary_key=True)
    dog_id: Mapped[int] = mapped_column(ForeignKey("dogs.id"))


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = f"zoo_{uuid4().hex[:8]}"
    server.create_database(name, template="template1")
    engine = create_engine(server.url(name, "psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        zoos = [Zoo(name=f"zoo {n}") for n in range(ROWS)]
        for zoo in zoos:
            zoo.animals = [Dog(breed="x", toys=[Toy()], visits=[Visit()]) for _ in range(ROWS)]
        session.add_all(zoos)
        session.flush()
        for zoo, partner in pairwise(zoos):
            zoo.partner = partner
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


def pasted(loader: str, **names: object) -> Any:
    """Return the options that Python makes of the guard's text, as if it stood in `.options(…)`."""
    known = {**vars(orm), **globals(), **names}
    return eval(f"({loader},)", known)


def toys(animals: Any) -> None:
    assert [animal.breed for animal in animals if len(animal.toys) == 1]


def visits(zoos: Any) -> None:
    assert [len(animal.visits) for zoo in zoos for animal in zoo.animals]


def stories(zoos: Any) -> None:
    assert [zoo.story for zoo in zoos]


def names(zoos: Any) -> None:
    assert [zoo.name for zoo in zoos]


alias = aliased(Zoo)
alias_of_some = aliased(Zoo, select(Zoo).where(Zoo.id > 0).subquery())
polymorphic = with_polymorphic(Animal, [Dog])


@pytest.mark.parametrize(
    ("query", "use", "loader", "entity"),
    [
        (select(Animal), toys, "selectin_polymorphic(Animal, [Dog]), selectinload(Dog.toys)", None),
        (select(polymorphic), toys, "selectinload(alias.Dog.toys)", polymorphic),
        (select(alias), visits, "selectinload(alias.animals)", alias),
        (select(alias_of_some), visits, "selectinload(alias.animals)", alias_of_some),
        (
            select(Zoo).join(Zoo.animals).options(contains_eager(Zoo.animals)),
            visits,
            "contains_eager(Zoo.animals).selectinload(Animal.visits)",
            None,
        ),
        (
            select(Zoo).options(selectinload(Zoo.animals)),
            lambda zoos: toys(animal for zoo in zoos for animal in zoo.animals),
            "selectinload(Zoo.animals).options(selectin_polymorphic(Animal, [Dog]), selectinload(Dog.toys))",
            None,
        ),
        (select(Zoo), stories, "undefer(Zoo.story)", None),
        (select(Zoo).options(load_only(Zoo.id)), names, "undefer(Zoo.name)", None),
        (select(Animal), lambda dogs: [dog.breed for dog in dogs], "selectin_polymorphic(Animal, [Dog])", None),
        (select(Dog), lambda dogs: [len(dog.visits) for dog in dogs], "selectinload(Animal.visits)", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_option_that_it_names_can_be_pasted_and_helps(
    engine: Engine, query: Select[Any], use: Callable[[Any], object], loader: str, entity: object
) -> None:
    problem = next(one for one in found(engine, lambda session: use(session.scalars(query).unique())) if one.loader)
    told = {one.loader for one in found(engine, lambda session: use(session.scalars(query).unique()))}
    assert loader in told
    assert f"add {problem.loader} to the query" in problem.advice
    mended = query.options(*pasted(loader, alias=entity))
    left = {one.loader for one in found(engine, lambda session: use(session.scalars(mended).unique()))}
    assert loader not in left
    assert len(left) < len(told)


def test_a_chain_of_rows_of_one_table_is_no_matter_of_one_option(engine: Engine) -> None:
    def follow(session: Session) -> None:
        zoo: Zoo | None = session.get_one(Zoo, 1)
        while zoo:
            zoo = zoo.partner

    (problem,) = found(engine, follow)
    assert problem.loader == "selectinload(Zoo.partner, recursion_depth=-1)"
    assert "one statement a level, or use a recursive CTE" in problem.advice


@pytest.mark.parametrize("use", [names, visits])
def test_what_a_commit_expired_is_not_to_be_loaded_by_an_option(engine: Engine, use: Callable[[Any], None]) -> None:
    def work(session: Session) -> None:
        zoos = session.scalars(select(Zoo).options(selectinload(Zoo.animals))).all()
        session.commit()
        use(zoos)

    problems = [one for one in found(engine, work) if "zoos" in one.statement or one.relationship == "Zoo.animals"]
    assert problems
    assert {one.loader for one in problems if one.kind != "unused eager load"} == {""}
    assert all("expire_on_commit=False" in one.advice for one in problems if one.kind != "unused eager load")


def test_rows_that_are_written_one_by_one_are_to_be_written_together(engine: Engine) -> None:
    def work(session: Session) -> None:
        for _ in range(3):
            session.add(Visit(animal_id=1))
            session.flush()
        session.rollback()

    (problem,) = found(engine, work)
    assert "write all rows with one statement" in problem.advice
