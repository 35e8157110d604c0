"""Random changes: INSERT, UPDATE and DELETE of Core, of the ORM and of its unit of work."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import (
    Session,
    aliased,
)

from runtime.tests.support.soft_delete_answers import answer, dump, held
from runtime.tests.support.soft_delete_joins import Tables
from runtime.tests.support.soft_delete_parts import Run

# A DELETE that stays one, so that it is known which rows it sees.
_FOR_GOOD = {"delete_for_good": True}


class Changes(Tables):
    """What is inserted, changed and deleted; an answer holds what all tables hold after it."""

    def make_insert_from_select(self, told: list[Any]) -> Run:
        models = [model for model in self.world.classes if inspect(model).inherits is None]
        table = self.random.choice(models).__table__
        source = aliased(self.random.choice(models))
        required = [column for column in table.c if not column.nullable and column.key != "id"]
        if required:
            return self.make_core_joins(told)
        chosen = select(source.id + 1000, source.rank, literal(self.world.classes[0].__name__)).where(
            self.condition(source)
        )
        statement = insert(table).from_select(["id", "rank", "kind"], chosen)
        told.append(statement)
        return self._changing(lambda session: session.execute(statement) and None)

    def _changing(self, change: Run) -> Run:
        def run(session: Session) -> Any:
            found = change(session)
            session.flush()
            return found, dump(session.connection(), self.world)

        return run

    def make_orm_update(self, told: list[Any]) -> Run:
        model = self.some_class()
        return self._orm_change(told, update(model).values(rank=(model.rank + 10)), model)

    def make_orm_delete(self, told: list[Any]) -> Run:
        model = self.some_class()
        return self._orm_change(told, delete(model), model)

    def _orm_change(self, told: list[Any], statement: Any, model: Any) -> Run:
        statement = self.filtered(statement, [model])
        how = self.random.choice((False, "fetch", "evaluate", "auto"))
        has_rows = self.is_chance(0.3)
        if has_rows:
            statement = statement.returning(model.id)
        loads = self.is_chance(0.5)
        told += [statement, f"synchronized by {how}, loaded before: {loads}"]

        def change(session: Session) -> Any:
            if loads:
                keep = session.scalars(select(model)).unique().all()
                del keep
            result: Any = session.execute(statement, execution_options={"synchronize_session": how, **_FOR_GOOD})
            return (answer(result) if has_rows else result.rowcount), held(session) if how else None

        return self._changing(change)

    def make_update_by_keys(self, told: list[Any]) -> Run:
        model = self.some_class()
        told.append(f"update {model.__name__} by keys")

        def change(session: Session) -> Any:
            found = session.scalars(select(model.id)).all()
            if found:
                session.execute(update(model), [{"id": number, "name": "oak"} for number in found])

        return self._changing(change)

    def make_unit_of_work(self, told: list[Any]) -> Run:
        model = self.some_class()
        told.append(f"flush {model.__name__}")

        def change(session: Session) -> Any:
            for one in session.scalars(self.filtered(select(model), [])).unique():
                one.name = "elm"
                for key in inspect(type(one)).columns.keys():  # noqa: SIM118
                    if key.startswith("extra"):
                        setattr(one, key, 7)

        return self._changing(change)

    def make_core_change(self, told: list[Any]) -> Run:
        table = self.random.choice(self.world.tables)
        values = [column for column in table.c if column.key in ("rank", "extra1", "extra2", "extra3")]
        is_update = bool(values) and self.is_chance(0.6)
        statement: Any = update(table).values({values[0]: 77}) if is_update else delete(table)
        if self.is_chance(0.6):
            other: Any = self.random.choice(self.world.tables)
            other = other if other is not table and self.is_chance(0.5) else other.alias()
            statement = statement.where(self.random.choice(self._pairs([table], [other])))
        if self.is_chance(0.3):
            statement = statement.where(text("1 = 1 OR 1 = 0"))
        key = next(iter(table.primary_key))
        if self.is_chance(0.4):
            part = statement.returning(key).cte()
            statement = select(func.count()).select_from(part)
        told.append(statement)
        return self._changing(lambda session: self._count(session.execute(statement)))

    def _count(self, result: Any) -> Any:
        return answer(result) if result.returns_rows else result.rowcount
