"""SQLAlchemy's private names: each says here what it did, and none is used elsewhere.

`make test-oldest` runs this, and all tests of the runtime, on the oldest SQLAlchemy that pyproject.toml allows.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    ForeignKey,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    contains_eager,
    joinedload,
    mapped_column,
    relationship,
)
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.base import CompileState

from pgwright_runtime import _alchemy, _alchemy_compiler

RUNTIME = Path(__file__).parents[1]


class Base(DeclarativeBase):
    pass


class Van(Base):
    __tablename__ = "vans"
    id: Mapped[int] = mapped_column(primary_key=True)
    plate: Mapped[str]
    rides: Mapped[list[Ride]] = relationship(back_populates="van")


class Ride(Base):
    __tablename__ = "rides"
    id: Mapped[int] = mapped_column(primary_key=True)
    van_id: Mapped[int] = mapped_column(ForeignKey("vans.id"))
    van: Mapped[Van] = relationship(back_populates="rides")


TABLE: Any = Ride.__table__
VANS = select(Van).order_by(Van.plate.desc(), Van.id)


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Van(id=1, plate="A", rides=[Ride(id=1), Ride(id=2)]))
        session.commit()
    return engine


def test_the_engine_of_events(engine: Engine) -> None:
    asynchronous = create_async_engine("postgresql+psycopg://")
    assert _alchemy.sync_engine(engine) is engine
    assert _alchemy.sync_engine(asynchronous) is asynchronous.sync_engine


def test_the_order_of_a_statement() -> None:
    assert [str(clause) for clause in _alchemy.order_by_clauses(VANS)] == ["vans.plate DESC", "vans.id"]
    assert _alchemy.order_by_clauses(select(Van)) == ()


@pytest.mark.parametrize("statement", [VANS.limit(0), VANS.offset(1), VANS.fetch(2)])
def test_a_row_limit_is_seen(statement: Any) -> None:
    assert _alchemy.has_row_limit(statement)
    assert not _alchemy.has_row_limit(VANS)


def distinct_on(statement: Any) -> Any:
    extension = getattr(postgresql, "distinct_on", None)
    return statement.distinct(Van.id) if extension is None else statement.ext(extension(Van.id))


@pytest.mark.parametrize(
    "statement", [VANS.distinct(), VANS.group_by(Van.id), VANS.having(func.count() > 1), distinct_on(VANS)]
)
def test_rows_that_are_no_tables_are_seen(statement: Any) -> None:
    assert _alchemy.makes_rows(statement)
    assert not _alchemy.makes_rows(VANS)


def test_options_are_read_and_taken_off_a_copy() -> None:
    statement = VANS.options(joinedload(Van.rides))
    bare = _alchemy.without_options(statement)
    assert (len(_alchemy.options_of(statement)), len(_alchemy.options_of(bare))) == (1, 0)
    assert "JOIN" in str(statement)
    assert "JOIN" not in str(bare)


def test_locks_are_taken_off_a_copy() -> None:
    locking = VANS.with_for_update()
    assert "FOR UPDATE" not in str(_alchemy.without_locks(locking))
    assert "FOR UPDATE" in str(locking)


def test_statements_of_one_shape_have_one_key() -> None:
    one, same, other = (VANS.where(Van.id > 1), VANS.where(Van.id > 2), VANS.where(Van.id < 1))
    assert _alchemy.shape_key(one) == _alchemy.shape_key(same) != _alchemy.shape_key(other)
    assert isinstance(hash(_alchemy.shape_key(one)), int)


def test_the_tables_of_an_expression() -> None:
    expression = (Van.id + Ride.id).expression
    assert set(_alchemy.tables_of(expression)) == {Van.__table__, Ride.__table__}


def test_a_reference_to_a_label_is_seen() -> None:
    label = func.lower(Van.plate).label("low")
    by_label, by_column = (select(label).order_by(key) for key in (label, Van.plate))
    by_name = select(label).order_by("low")
    assert [_alchemy.is_reference(one._order_by_clauses[0]) for one in (by_label, by_name, by_column)] == [
        True,
        True,
        False,
    ]


def test_a_collection_that_a_join_fills_is_seen() -> None:
    def found(option: Any) -> list[str]:
        return [str(one) for one in _alchemy.collections_from_join(option)]

    assert found(contains_eager(Van.rides)) == ["Van.rides"]
    assert found(joinedload(Van.rides)) == found(contains_eager(Ride.van)) == []


def test_a_result_that_repeats_rows_is_seen(engine: Engine) -> None:
    with Session(engine) as session:
        assert _alchemy.repeats_rows(session.execute(VANS.options(joinedload(Van.rides))))
        assert not _alchemy.repeats_rows(session.execute(VANS))
        assert not _alchemy.repeats_rows(session.execute(select(Van.id, Van.plate)))


def test_an_entity_is_told_from_a_value() -> None:
    assert [_alchemy.is_entity(value) for value in (Van(), "A", None)] == [True, False, False]


def test_a_connection_is_taken_from_who_borrowed_it() -> None:
    engine, other = (create_engine("sqlite://", poolclass=QueuePool) for _ in range(2))
    with engine.connect() as connection:
        lent: Any = connection.connection
        driver = lent.dbapi_connection
        assert _alchemy.take_connection(lent, other.pool, "stand-in") is None
        assert lent.dbapi_connection is driver
        assert _alchemy.take_connection(lent, engine.pool, driver) is driver
        stand_in = engine.raw_connection().dbapi_connection
        assert _alchemy.take_connection(lent, engine.pool, stand_in) is driver
        assert lent.dbapi_connection is lent._connection_record.dbapi_connection is stand_in
        connection.execute(text("SELECT 1"))
    driver.close()
    engine.dispose()


def test_what_a_flush_deletes_can_be_taken_from_it_and_ends_as_deleted(engine: Engine) -> None:
    asked: list[Any] = []
    own: dict[str, Any] = {}

    with Session(engine) as session:

        @event.listens_for(session, "before_flush")
        def before(session: Session, flush: Any, instances: object) -> None:
            def register(state: Any, isdelete: bool = False, listonly: bool = False, **rest: Any) -> bool:
                asked.append((state.class_, isdelete))
                return bool(own["register"](state, listonly=True, **rest))

            own["register"] = _alchemy.watch_registrations(flush, register)

        @event.listens_for(session, "after_flush")
        def after(session: Session, flush: Any) -> None:
            for state in list(flush.states):
                _alchemy.end_as_deleted(flush, state)

        ride = session.get_one(Ride, 1)
        session.delete(ride)
        session.flush()
        assert asked == [(Ride, True)]
        assert inspect(ride).deleted
        assert session.scalar(select(func.count()).select_from(Ride)) == 2
        session.rollback()
        assert inspect(ride).persistent


def test_persistent_objects_can_be_deleted_ones_until_a_rollback(engine: Engine) -> None:
    with Session(engine) as session:
        ride = session.get_one(Ride, 1)
        _alchemy.forget_deleted(session, [inspect(ride)])
        assert inspect(ride).deleted
        session.rollback()
        assert inspect(ride).persistent


def test_a_bulk_delete_is_intercepted_and_others_go_on(engine: Engine) -> None:
    seen = []

    def execute(session: Session, statement: Any, parameters: Any, options: Any, bind_arguments: Any) -> Any:
        seen.append((_alchemy.deleted_entity(statement).class_, _alchemy.returns_rows(statement), parameters))
        return None if len(seen) > 1 else session.execute(select(1))

    before = dict(CompileState.plugins)
    _alchemy.intercept_bulk_deletes(execute)
    try:
        with Session(engine) as session:
            statement = delete(Ride).where(Ride.id == bindparam("one"))
            assert session.execute(statement, {"one": 1}).scalar_one() == 1
            session.execute(statement.returning(Ride.id), {"one": 1})
            assert session.scalars(select(Ride.id)).all() == [2]
            session.execute(select(Ride))
    finally:
        CompileState.plugins.update(before)
    assert seen == [(Ride, False, {"one": 1}), (Ride, True, {"one": 1})]


def test_an_update_takes_over_what_a_delete_was_given() -> None:
    statement: Any = delete(Ride).where(Ride.id == bindparam("id")).returning(Ride.id).execution_options(a=1)
    assert _alchemy.deleted_entity(delete(TABLE).where(Ride.id == 1)) is None
    taken = _alchemy.carry_over(statement, {"id": 7}, update(Ride)).values(van_id=2)
    compiled = taken.compile()
    assert (
        " ".join(str(compiled).split())
        == "UPDATE rides SET van_id=:van_id WHERE rides.id = :param_1 RETURNING rides.id"
    )
    assert compiled.params == {"van_id": 2, "param_1": 7}
    assert taken.get_execution_options()["a"] == 1


def test_a_dialect_with_a_rule_shares_the_state_of_the_other() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    copy = _alchemy_compiler.filtering_dialect(dialect, lambda deciding, around, options: [])
    dialect.server_version_info = (18, 1)
    assert copy.server_version_info == (18, 1)
    assert copy.supports_statement_cache
    assert str(VANS.compile(dialect=copy)) == str(VANS.compile(dialect=dialect))


def test_a_rule_is_asked_about_each_from() -> None:
    asked: list[list[str | None]] = []

    def rule(deciding: Any, around: Any, options: Any) -> list[Any]:
        tables = [_alchemy_compiler.plain_table(from_) for from_ in deciding]
        asked.append([table.name if table is not None else None for table in tables])
        return [deciding[0].c.id > 7] if len(deciding) == 1 and tables[0] is not None else []

    dialect = _alchemy_compiler.filtering_dialect(postgresql.dialect(), rule)  # type: ignore[no-untyped-call]
    kept = select(Van.id).where(text("1 = 1 OR 1 = 0")).outerjoin(aliased(Ride)).order_by(Van.id)
    for statement in (kept, delete(Ride).where(Ride.van_id == Van.id), update(Van).values(plate="A")):
        sql = str(statement.compile(dialect=dialect))
    assert asked == [[None], ["rides"], ["rides", "vans"], ["vans"]]
    assert "WHERE vans.id > %(id_1)s" in sql
    assert "> %(id_1)s" in str(kept.compile(dialect=dialect))


def test_an_option_is_part_of_what_a_compiled_statement_is_found_by() -> None:
    one, same, other = (_alchemy_compiler.CachedOption(payload) for payload in ("a", "a", "b"))
    assert _alchemy.shape_key(VANS.options(one)) == _alchemy.shape_key(VANS.options(same))
    assert _alchemy.shape_key(VANS.options(one)) != _alchemy.shape_key(VANS.options(other))


SOURCE = RUNTIME / "src" / "pgwright_runtime"
# Of Python; and of Alembic, in a function that revisions carry by its source.
OTHERS = {"_getframe", "_in_external_transaction"}


def private_names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Return the private attributes that a module reads of other objects, and the private names that it defines."""
    foreign, own = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                own.add(name)
            case ast.Attribute(attr=name):
                foreign.add(name)
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                own.add(name)
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr" | "delattr" | "attrgetter"), args=given):
                texts = [str(one.value) for one in given if isinstance(one, ast.Constant)]
                foreign.update(text for text in texts if re.fullmatch(r"_[a-z]\w+", text))
    return {name for name in foreign if re.match(r"_(?!_)", name)}, own


def test_private_names_are_touched_in_two_files_and_those_of_alembic_in_one() -> None:
    names = {path.relative_to(SOURCE): private_names(ast.parse(path.read_text())) for path in SOURCE.rglob("*.py")}
    ours = {name for _, own in names.values() for name in own} | OTHERS
    found = {str(path): foreign - ours for path, (foreign, _) in names.items() if foreign - ours}
    assert len(found.pop("_alchemy.py")) > 10
    assert len(found.pop("_alchemy_compiler.py")) > 5
    assert "_migrations_fn" in found.pop("migrations/inside.py")
    assert found == {}
