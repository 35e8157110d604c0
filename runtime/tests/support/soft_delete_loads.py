"""Random loads of objects: eager, lazy, by key, again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    inspect,
    select,
)
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    immediateload,
    joinedload,
    lazyload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    with_parent,
)

from runtime.tests.support.soft_delete_answers import answer
from runtime.tests.support.soft_delete_parts import Parts, Run

STRATEGIES = (joinedload, selectinload, subqueryload, immediateload, lazyload)


class Loads(Parts):
    """Loads of objects."""

    def eager(self, entity: Any, depth: int = 2) -> list[Any]:
        """Return loader options."""
        options = []
        found = self.relationships(entity)
        # Joins of several collections multiply their rows.
        most = self.random.choice((1, 2)) if depth == 2 else 1
        for attribute in self.random.sample(found, min(len(found), most)):
            target = attribute.property.mapper.class_
            strategy = self.random.choice(STRATEGIES)
            children = list(inspect(target).self_and_descendants)
            if len(children) > 1 and self.is_chance(0.3) and strategy is not lazyload:
                target = self.random.choice(children).class_
                attribute = attribute.of_type(target)
            if self.is_chance(0.2):
                attribute = attribute.and_(self.condition(target, 0))
            options.append(self._strategy(strategy, attribute, target, depth if most == 1 else 1))
        return options

    def _strategy(self, strategy: Any, attribute: Any, target: Any, depth: int) -> Any:
        option = strategy(attribute, innerjoin=True) if self._may_be_inner(strategy, attribute) else strategy(attribute)
        if depth and self.is_chance(0.5):
            deeper = self.eager(target, depth - 1)
            if deeper:
                option = option.options(*deeper)
        elif self.is_chance(0.2):
            option = option.load_only(target.id, target.name)
        return option

    def _may_be_inner(self, strategy: Any, attribute: Any) -> bool:
        return strategy is joinedload and self.is_chance(0.2)

    def make_eager_loads(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement = self.filtered(select(entity), [entity]).options(*self.eager(entity))
        if len(list(inspect(entity).mapper.self_and_descendants)) > 1 and self.is_chance(0.4):
            model = inspect(entity).mapper.class_
            below = [one.class_ for one in inspect(model).self_and_descendants][1:]
            if entity is model:
                statement = statement.options(selectin_polymorphic(model, below))
        statement, _ = self.limited(statement.order_by(entity.id), [])
        told.append(statement)
        return lambda session: answer(session.scalars(statement).unique(), is_ordered=True)

    def make_contains_eager(self, told: list[Any]) -> Run:
        entity = self.entity()
        attribute = self.relationship(entity)
        if attribute is None:
            return self.make_lazy_loads(told)
        target = aliased(attribute.property.mapper.class_, flat=True)
        statement = select(entity).join(attribute.of_type(target), isouter=self.is_chance(0.5))
        option, order = contains_eager(attribute.of_type(target)), [entity.id, target.id]
        deeper = self.relationship(target)
        if deeper is not None and self.is_chance(0.5):
            last = aliased(deeper.property.mapper.class_, flat=True)
            statement = statement.join(deeper.of_type(last), isouter=self.is_chance(0.7))
            option = option.contains_eager(deeper.of_type(last))
            order.append(last.id)
        # Where a row comes as a child first, SQLAlchemy may leave out its own columns of a class below.
        statement = self.filtered(statement, [entity]).options(option).order_by(*order)
        told.append(statement)
        return lambda session: answer(session.scalars(statement).unique())

    def make_lazy_loads(self, told: list[Any]) -> Run:
        model = self.some_class()
        statement = self.filtered(select(model), [model])
        keys = [one.key for one in inspect(model).relationships]
        told += [statement, f"then {keys}"]

        def run(session: Session) -> Any:
            found = session.scalars(statement).unique().all()
            for one in found:
                for key in keys:
                    getattr(one, key)
            return answer(found)

        return run

    def make_with_parent(self, told: list[Any]) -> Run:
        model = self.some_class()
        attribute = self.relationship(model)
        if attribute is None:
            return self.make_lazy_loads(told)
        target = attribute.property.mapper.class_
        told.append(f"with_parent {attribute}")

        def run(session: Session) -> Any:
            found = session.scalars(select(model)).unique().all()
            parents = sorted(found, key=lambda one: one.id)
            return [
                answer(session.scalars(select(target).where(with_parent(one, attribute))).unique()) for one in parents
            ]

        return run

    def make_get(self, told: list[Any]) -> Run:
        model = self.some_class()
        options = self.eager(model) if self.is_chance(0.5) else []
        told.append(f"get {model.__name__}")
        return lambda session: answer(session.get(model, number, options=options) for number in range(12))

    def make_refresh(self, told: list[Any]) -> Run:
        model = self.some_class()
        is_expired = self.is_chance(0.5)
        told.append(f"refresh {model.__name__}")

        def run(session: Session) -> Any:
            found = session.scalars(select(model)).unique().all()
            for one in found:
                if is_expired:
                    session.expire(one)
                    _ = one.rank, [getattr(one, key) for key in inspect(model).columns.keys()]  # noqa: SIM118
                else:
                    session.refresh(one)
            return answer(found)

        return run
