"""Eager loads that nothing reads, and no false accusation."""

# The end of a unit raises, and a unit has several statements.
# ruff: noqa: PT012

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from copy import copy

import pytest
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, create_engine, inspect, select
from sqlalchemy.orm import Session, contains_eager, joinedload, lazyload, selectinload, subqueryload
from sqlalchemy.orm.interfaces import ORMOption

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import GuardRules, Problem, QueryGuard, QueryProblems
from runtime.tests.support.guard_shelf import ROWS, Notebook, Owner, Source, Tag, create_shelf


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = create_shelf(server)
    engine = create_engine(server.url(name, "psycopg"))
    yield engine
    engine.dispose()
    server.drop_database(name)


@pytest.fixture
def guard(engine: Engine) -> QueryGuard:
    return QueryGuard(engine, mode="raise", rules=GuardRules(ignore=["Notebook.tags"]))


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def titles(session: Session, *options: ORMOption) -> list[str]:
    return [notebook.title for notebook in session.scalars(select(Notebook).options(*options)).unique()]


def unused(guard: QueryGuard, session: Session, *options: ORMOption) -> Problem:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        assert len(titles(session, *options)) == ROWS
    (problem,) = error.value.problems
    return problem


@pytest.mark.parametrize("load", [selectinload, joinedload, subqueryload])
def test_an_unread_collection_is_named_with_its_option(guard: QueryGuard, session: Session, load: type) -> None:
    problem = unused(guard, session, load(Notebook.sources))
    assert (problem.kind, problem.relationship) == ("unused eager load", "Notebook.sources")
    assert problem.loader == f"{load.__name__}(Notebook.sources)"
    assert problem.parent is not None
    assert problem.parent.query.startswith("SELECT notebooks.id")
    assert problem.place is not None
    assert (problem.place.file, problem.place.function) == (__file__, "titles")
    assert f"drop {problem.loader}" in problem.advice


def test_an_unread_many_to_one(guard: QueryGuard, session: Session) -> None:
    assert unused(guard, session, joinedload(Notebook.owner)).relationship == "Notebook.owner"


def test_of_an_unread_path_its_beginning_is_told(guard: QueryGuard, session: Session) -> None:
    problem = unused(guard, session, selectinload(Notebook.sources).selectinload(Source.chunks))
    assert problem.relationship == "Notebook.sources"


def test_the_unread_end_of_a_path(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        path = selectinload(Notebook.sources).selectinload(Source.chunks)
        for notebook in session.scalars(select(Notebook).options(path)):
            assert [source.title for source in notebook.sources]
    assert [problem.relationship for problem in error.value.problems] == ["Source.chunks"]


def test_what_the_mapping_loads_is_to_be_left_out_by_lazyload(engine: Engine, session: Session) -> None:
    session.add(Tag(notebook_id=1))
    session.flush()
    session.expunge_all()
    with pytest.raises(QueryProblems) as error, QueryGuard(engine, mode="raise").unit("list"):
        titles(session)
    (problem,) = error.value.problems
    assert (problem.relationship, problem.loader) == ("Notebook.tags", "lazyload(Notebook.tags)")
    assert "add lazyload(Notebook.tags)" in problem.advice
    session.expunge_all()
    with QueryGuard(engine, mode="raise").unit("list"):
        titles(session, lazyload(Notebook.tags))


def test_one_read_of_one_instance_is_enough(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit:
        first, *_ = session.scalars(select(Notebook).options(selectinload(Notebook.sources)))
        assert first.sources
    assert unit.problems == ()


class SourceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class NotebookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str
    sources: list[SourceOut]


def test_pydantic_reads(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit:
        for notebook in session.scalars(select(Notebook).options(selectinload(Notebook.sources))):
            assert len(NotebookOut.model_validate(notebook).sources) == 1
    assert unit.problems == ()


def _vars(notebooks: list[Notebook]) -> object:
    return [dict(vars(notebook)) for notebook in notebooks]


def _inspected(notebooks: list[Notebook]) -> object:
    return [inspect(notebook).attrs.sources.loaded_value for notebook in notebooks]


def _copied(notebooks: list[Notebook]) -> object:
    return [copy(notebook) for notebook in notebooks]


def _merged(notebooks: list[Notebook]) -> object:
    with Session() as other:
        return [other.merge(notebook, load=False) for notebook in notebooks]


@pytest.mark.parametrize("take", [_vars, _inspected, _copied, _merged, jsonable_encoder])
def test_who_reads_past_the_attributes_is_not_accused(
    guard: QueryGuard, session: Session, take: Callable[[list[Notebook]], object]
) -> None:
    with guard.unit("list") as unit:
        assert take(list(session.scalars(select(Notebook).options(selectinload(Notebook.sources)))))
    assert (unit.count > 1, unit.problems) == (True, ())


def test_getattr_and_assignment_are_uses(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit, session.no_autoflush:
        options = selectinload(Notebook.sources), joinedload(Notebook.owner)
        for notebook in session.scalars(select(Notebook).options(*options)):
            assert getattr(notebook, "sources")  # noqa: B009
            notebook.owner = Owner(name="new")
    session.rollback()
    assert unit.problems == ()


def test_contains_eager_may_be_there_to_filter(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit:
        query = select(Notebook).join(Notebook.owner).options(contains_eager(Notebook.owner))
        assert [notebook.title for notebook in session.scalars(query)]
    assert unit.problems == ()


def test_nothing_loaded_is_nothing_unused(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit:
        query = select(Notebook).where(Notebook.id < 0).options(joinedload(Notebook.owner))
        assert session.scalars(query).all() == []
    assert unit.problems == ()


def test_a_cascade_may_need_what_is_loaded(guard: QueryGuard, session: Session) -> None:
    path = selectinload(Notebook.sources).selectinload(Source.chunks)
    with guard.unit("delete") as unit:
        session.delete(session.get_one(Notebook, 1, options=[path]))
        session.flush()
    session.rollback()
    assert unit.problems == ()


def test_pickling_takes_everything(guard: QueryGuard, session: Session) -> None:
    with guard.unit("cache") as unit:
        pickle.dumps(session.scalars(select(Notebook).options(selectinload(Notebook.sources))).all())
    assert unit.problems == ()


def test_watched_attributes_still_build_queries_and_write(guard: QueryGuard, session: Session) -> None:
    unused(guard, session, joinedload(Notebook.owner))
    found = session.scalars(select(Notebook).where(Notebook.owner.has(Owner.name == "owner 1"))).one()
    found.owner = Owner(name="other")
    session.flush()
    assert (
        session.scalar(select(Owner.name).select_from(Notebook).join(Notebook.owner).where(Notebook.id == found.id))
        == "other"
    )
    session.rollback()


def test_sampling_neither_watches_nor_accuses(engine: Engine, session: Session) -> None:
    guard = QueryGuard(engine, mode="sample", share=1)
    with guard.unit("list") as unit:
        titles(session, selectinload(Notebook.sources))
    assert unit.problems == ()
