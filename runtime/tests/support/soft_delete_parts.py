"""Parts of random statements over random models, by a seed: entities, conditions, joins."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy import (
    Select,
    TextClause,
    and_,
    exists,
    func,
    inspect,
    not_,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import (
    Session,
    aliased,
    with_polymorphic,
)

from runtime.tests.support.soft_delete_models import World

Run = Callable[[Session], Any]
Condition = Any


class Parts:
    """What statements are made of."""

    def __init__(self, random: Random, world: World) -> None:
        self.random, self.world = random, world

    def is_chance(self, share: float) -> bool:
        return self.random.random() < share

    def some_class(self) -> Any:
        return self.random.choice(self.world.classes)

    def entity(self, of: Any = None) -> Any:
        """Return a class, or an alias of it."""
        model = of or self.some_class()
        form = self.random.choice(("class", "class", "alias", "flat", "polymorphic"))
        if form == "class":
            return model
        if form == "polymorphic" and len(list(inspect(model).self_and_descendants)) > 1:
            return with_polymorphic(model, "*", aliased=self.is_chance(0.5), flat=True)
        return aliased(model, flat=form == "flat")

    def relationships(self, entity: Any) -> list[Any]:
        return [getattr(entity, one.key) for one in inspect(entity).mapper.relationships]

    def relationship(self, entity: Any) -> Any:
        found = self.relationships(entity)
        return self.random.choice(found) if found else None

    def condition(self, entity: Any, depth: int = 2) -> Condition:
        """Return a condition on an entity; one of depth 0 looks at its own columns only."""
        kinds = ["compare", "null", "name"]
        if depth:
            kinds += ["text", "any", "any", "of type", "exists", "in", "scalar", "and", "or", "not", "tuple", "count"]
        kind = self.random.choice(kinds)
        if kind == "compare":
            return entity.rank > self.random.randint(0, 4)
        if kind == "null":
            return entity.rank.is_not(None)
        if kind == "name":
            return entity.name.in_(["ash", "birch"])
        if kind == "text":
            return text("1 = 1 OR 1 = 0")
        if kind in ("and", "or"):
            both = [self.condition(entity, depth - 1) for _ in range(2)]
            return (and_ if kind == "and" else or_)(*both)
        if kind == "not":
            negated = self.condition(entity, depth - 1)
            return negated if isinstance(negated, TextClause) else not_(negated)
        if kind in ("any", "of type"):
            return self._related(entity, kind == "of type", depth)
        return self._nested(entity, kind, depth)

    def _related(self, entity: Any, is_of_type: bool, depth: int) -> Condition:
        attribute = self.relationship(entity)
        if attribute is None:
            return entity.rank == 2
        target: Any = attribute.property.mapper.class_
        if is_of_type:
            target = self.entity(self.random.choice(list(inspect(target).self_and_descendants)).class_)
            attribute = attribute.of_type(target)
        inner = [self.condition(target, depth - 1)] if self.is_chance(0.6) else []
        found = attribute.any(*inner) if attribute.property.uselist else attribute.has(*inner)
        return ~found if self.is_chance(0.3) else found

    def _nested(self, entity: Any, kind: str, depth: int) -> Condition:
        other = aliased(self.some_class())
        where = self.condition(other, depth - 1)
        if kind == "exists":
            found = exists().where(other.rank == entity.rank, where)
            return ~found if self.is_chance(0.3) else found
        if kind == "in":
            return entity.id.in_(select(other.id).where(where))
        if kind == "tuple":
            return tuple_(entity.id, entity.rank).in_(select(other.id, other.rank).where(where))
        if kind == "count":
            return select(func.count()).select_from(other).where(where).scalar_subquery() > self.random.randint(0, 3)
        return entity.rank >= select(func.min(other.rank)).where(where).scalar_subquery()

    def joined(self, statement: Select[Any], entity: Any) -> tuple[Select[Any], list[Any]]:
        """Return a statement with up to three more joins, and all of its entities."""
        entities = [entity]
        for _ in range(self.random.randint(0, 3)):
            attribute = self.relationship(self.random.choice(entities))
            if attribute is None:
                continue
            model = self.random.choice(list(attribute.property.mapper.self_and_descendants)).class_
            target = aliased(model, flat=self.is_chance(0.5))
            how: Any = {"isouter": self.is_chance(0.5), "full": self.is_chance(0.08)}
            step = attribute.of_type(target)
            if self.is_chance(0.25):
                step = step.and_(self.condition(target, 0) if self.is_chance(0.5) else self._related(target, False, 1))
            if self.is_chance(0.15):
                statement = statement.join(target, self.on(entities, target), **how)
            else:
                statement = statement.join(step, **how)
            entities.append(target)
        return statement, entities

    def on(self, entities: list[Any], target: Any) -> Condition:
        return self.random.choice(entities).rank == target.rank

    def filtered(self, statement: Any, entities: list[Any]) -> Any:
        for entity in entities:
            if self.is_chance(0.5):
                statement = statement.where(self.condition(entity))
        return statement

    def limited(self, statement: Select[Any], entities: list[Any]) -> tuple[Select[Any], bool]:
        """Return a statement, ordered by all keys and limited by chance, and whether it is ordered."""
        if self.is_chance(0.6):
            return statement, False
        statement = statement.order_by(*(entity.id for entity in entities)) if entities else statement
        return (statement.limit(self.random.randint(1, 4)) if self.is_chance(0.6) else statement), True
