"""The guard on a sync engine: lazy loads, repetitions, budgets, modes."""

# The end of a unit raises, and a unit has several statements.
# ruff: noqa: PT012

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, exc, literal, select, text
from sqlalchemy.orm import Session, immediateload, joinedload, selectinload, subqueryload

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import GuardRules, Problem, QueryGuard, QueryProblems, QueryWarning
from pgwright_runtime.guard.guard import Mode
from runtime.tests.support.guard_shelf import ROWS, Chunk, Notebook, Owner, Source, create_shelf


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


def problems(error: pytest.ExceptionInfo[QueryProblems]) -> list[tuple[str, str, int]]:
    return [(problem.kind, problem.relationship, problem.count) for problem in error.value.problems]


def only(error: pytest.ExceptionInfo[QueryProblems]) -> Problem:
    (problem,) = error.value.problems
    return problem


def line_of(function: object, fragment: str) -> int:
    lines, start = inspect.getsourcelines(function)  # type: ignore[arg-type]
    return start + next(index for index, line in enumerate(lines) if fragment in line and "line_of" not in line)


def test_a_lazy_load_names_relationship_query_line_and_option(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        for notebook in session.scalars(select(Notebook).order_by(Notebook.id)):
            assert len(notebook.sources) == 1
    problem = only(error)
    assert (problem.kind, problem.relationship, problem.count) == ("lazy load", "Notebook.sources", ROWS)
    assert (problem.loader, problem.rows) == ("selectinload(Notebook.sources)", ROWS)
    assert problem.parent is not None
    assert (problem.parent.entity, problem.parent.rows) == ("Notebook", ROWS)
    assert problem.parent.statement.startswith("SELECT notebooks.id")
    assert "FROM sources \nWHERE $1::INTEGER = sources.notebook_id" in problem.statement
    assert problem.place is not None
    here = test_a_lazy_load_names_relationship_query_line_and_option
    assert (problem.place.file, problem.place.function) == (__file__, here.__name__)
    assert problem.place.line == line_of(here, "len(notebook.sources)")
    assert problem.advice == (
        f"lazy load of Notebook.sources, {ROWS} times at {problem.place}: "
        "add selectinload(Notebook.sources) to the query of Notebook"
    )


def test_the_option_that_it_names_helps(guard: QueryGuard, session: Session) -> None:
    with guard.unit("list") as unit:
        for notebook in session.scalars(select(Notebook).options(selectinload(Notebook.sources))):
            assert len(notebook.sources) == 1
    assert (unit.count, unit.problems) == (3, ())


def test_a_many_to_one_is_to_be_joined(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        assert {notebook.owner.name for notebook in session.scalars(select(Notebook))}
    assert only(error).loader == "joinedload(Notebook.owner)"


def test_one_lazy_load_is_no_problem(guard: QueryGuard, session: Session) -> None:
    with guard.unit("detail") as unit:
        notebook = session.get_one(Notebook, 1)
        assert len(notebook.sources) == 1
        session.expire(notebook)
        assert len(notebook.sources) == 1
    assert unit.problems == ()


def test_the_threshold_is_a_parameter(engine: Engine, session: Session) -> None:
    guard = QueryGuard(engine, mode="raise", rules=GuardRules(lazy_loads=ROWS + 1, ignore=["Notebook.tags"]))
    with guard.unit("list") as unit:
        for notebook in session.scalars(select(Notebook)):
            assert notebook.sources
    assert unit.problems == ()


@pytest.mark.parametrize("eager", [selectinload, joinedload, subqueryload])
def test_a_nested_path_is_chained_from_its_root(guard: QueryGuard, session: Session, eager: Any) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        for notebook in session.scalars(select(Notebook).options(eager(Notebook.sources))).unique():
            assert [len(source.chunks) for source in notebook.sources] == [2]
    problem = only(error)
    # Another option than the query's own would be refused by SQLAlchemy.
    assert problem.loader == f"{eager.__name__}(Notebook.sources).selectinload(Source.chunks)"
    assert problem.parent is not None
    assert problem.parent.entity == "Source"
    assert problem.parent.query.startswith("SELECT notebooks.id")


def test_lazy_loads_of_lazy_loads_are_chained_too(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        for chunk in session.scalars(select(Chunk)):
            assert chunk.id
        for notebook in session.scalars(select(Notebook)):
            assert [len(source.chunks) for source in notebook.sources] == [2]
    assert [problem.loader for problem in error.value.problems] == [
        "selectinload(Notebook.sources)",
        "selectinload(Notebook.sources).selectinload(Source.chunks)",
    ]


def test_a_get_before_the_loop_is_not_taken_for_the_list(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        sources = session.scalars(select(Source).where(Source.id > 1)).all()
        session.get_one(Source, 1)
        assert {source.notebook.title for source in sources}
    parent = only(error).parent
    assert parent is not None
    assert "WHERE sources.id >" in parent.statement


def test_immediateload_is_a_lazy_load_in_disguise(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        session.scalars(select(Notebook).options(immediateload(Notebook.owner))).all()
    assert problems(error) == [("lazy load", "Notebook.owner", ROWS)]


def test_a_get_in_a_loop_is_a_repeated_statement(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("names"):
        assert [session.get_one(Owner, key).name for key in (1, 2, 3)]
    problem = only(error)
    assert (problem.kind, problem.count, problem.relationship, problem.rows) == ("repeated statement", 3, "", 3)
    assert "WHERE owners.id = $1::INTEGER" in problem.statement
    assert problem.place is not None
    assert problem.place.file == __file__


def test_twice_is_no_repetition(guard: QueryGuard, session: Session) -> None:
    with guard.unit("names") as unit:
        assert [session.get_one(Owner, key).name for key in (1, 2)]
    assert unit.problems == ()


def test_literals_and_lists_do_not_hide_a_repetition(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("names"):
        for key in (1, 2, 3):
            session.execute(text(f"SELECT name FROM owners WHERE id IN ({key}, 9) AND name <> 'it''s {key}'"))
            session.scalars(select(Owner.name).where(Owner.id.in_(range(key)))).all()
    assert problems(error) == [("repeated statement", "", 3)] * 2


def test_batches_of_one_load_are_no_repetition(guard: QueryGuard, session: Session) -> None:
    with guard.unit("import") as unit:
        session.add_all(Owner(name=str(n)) for n in range(2_500))
        session.flush()
    session.rollback()
    assert (unit.count, unit.problems) == (3, ())


def test_savepoints_and_settings_do_not_count(guard: QueryGuard, session: Session) -> None:
    with guard.unit("nested") as unit:
        for _ in range(3):
            with session.begin_nested():
                session.execute(text("SELECT set_config('app.tenant', '7', true)"))
    assert (unit.count, unit.problems) == (0, ())


def test_an_executemany_is_one_and_a_failure_none(engine: Engine, guard: QueryGuard) -> None:
    with guard.unit("many") as unit, engine.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE numbers (n int)"))
        connection.execute(text("INSERT INTO numbers VALUES (:n)"), [{"n": 1}, {"n": 2}])
        with pytest.raises(exc.ProgrammingError), connection.begin_nested():
            connection.execute(text("SELECT * FROM nowhere"))
        assert connection.scalar(text("SELECT count(*) FROM numbers")) == 2
    assert [statement.rows for statement in unit.statements] == [None, 2, 1]


def test_a_percent_sign_is_told_as_the_server_sees_it(engine: Engine, guard: QueryGuard) -> None:
    with guard.unit("modulo") as unit, engine.connect() as connection:
        connection.scalar(select(literal(7) % 4))
    assert unit.statements[0].text == "SELECT $1::INTEGER % $2::INTEGER AS anon_1"


def test_listeners_of_others_are_left_their_work(engine: Engine) -> None:
    heard: list[str] = []
    other = create_engine(engine.url)

    @event.listens_for(other, "do_execute")
    def hear(cursor: object, statement: str, parameters: object, context: object) -> None:
        heard.append(statement)

    with other.connect() as connection, QueryGuard(other).unit("both") as unit:
        heard.clear()
        assert connection.scalar(text("SELECT 1")) == 1
    other.dispose()
    assert (heard, unit.count, unit.statements[0].rows) == (["SELECT 1"], 1, None)


def test_the_budget(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("names", max_queries=1):
        session.get_one(Owner, 1)
        session.scalars(select(Owner.name)).all()
    problem = only(error)
    assert (problem.kind, problem.count, problem.budget) == ("over budget", 2, 1)
    assert "2 statement(s):" in str(error.value)
    assert f"at {__file__}:" in str(error.value)


def test_an_exception_of_the_body_is_not_masked(guard: QueryGuard, session: Session) -> None:
    with pytest.raises(ZeroDivisionError), guard.unit("list") as unit:
        for notebook in session.scalars(select(Notebook)):
            assert notebook.sources
        raise ZeroDivisionError
    assert [problem.kind for problem in unit.problems] == ["lazy load"]


def test_nested_units_both_count(guard: QueryGuard, session: Session) -> None:
    with guard.unit("outer") as outer:
        session.get_one(Owner, 1)
        with guard.unit("inner") as inner:
            session.get_one(Owner, 2)
    session.get_one(Owner, 3)
    assert (outer.count, inner.count) == (2, 1)


def test_another_engine_is_not_seen(engine: Engine, guard: QueryGuard) -> None:
    other = create_engine(engine.url)
    with guard.unit("none") as unit, other.connect() as connection:
        connection.execute(text("SELECT 1"))
    other.dispose()
    assert unit.count == 0


def test_every_engine_is_seen_without_one(engine: Engine) -> None:
    other = create_engine(engine.url)
    with QueryGuard(None).unit("all") as unit, other.connect() as one, engine.connect() as two:
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 2"))
    other.dispose()
    assert unit.count == 2


def test_two_guards_of_an_engine_do_not_count_twice(engine: Engine, guard: QueryGuard, session: Session) -> None:
    QueryGuard(engine)
    with guard.unit("once") as unit:
        session.execute(text("SELECT 1"))
    assert unit.count == 1


def test_a_warning_stands_on_the_line_at_fault_and_comes_once(engine: Engine) -> None:
    guard = QueryGuard(engine, mode="warn", rules=GuardRules(ignore=["Notebook.tags"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            with guard.unit("list"), Session(engine) as session:
                for notebook in session.scalars(select(Notebook)):
                    assert notebook.sources
    (warning,) = caught
    here = test_a_warning_stands_on_the_line_at_fault_and_comes_once
    assert (warning.category, warning.filename) == (QueryWarning, __file__)
    assert warning.lineno == line_of(here, "assert notebook.sources")


@pytest.mark.parametrize(
    ("mode", "parameters"),
    [("shout", {}), ("sample", {"share": 1.5}), ("warn", {"max_keys": 0}), ("warn", {"max_queries": -1})],
)
def test_wrong_parameters_are_refused(engine: Engine, mode: Mode, parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        QueryGuard(engine, mode=mode, **parameters)  # type: ignore[arg-type]


def test_a_unit_refuses_what_its_guard_does(engine: Engine) -> None:
    with pytest.raises(ValueError, match="max_queries is -1"), QueryGuard(engine).unit(max_queries=-1):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("name", ["ignore", "packages"])
def test_one_text_is_no_collection(name: str) -> None:
    with pytest.raises(ValueError, match=f"give a collection: {name}="):
        GuardRules(**{name: "shop"})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"repeats": 1}, {"lazy_loads": 0}], ids=str)
def test_wrong_rules_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        GuardRules(**wrong)  # type: ignore[arg-type]


def test_the_smallest_rules_are_taken() -> None:
    assert GuardRules(lazy_loads=1, repeats=2).repeats == 2
