"""Random SELECT statements of the ORM: joins, aggregates, sets, CTEs and subqueries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    except_,
    exists,
    func,
    inspect,
    intersect,
    literal,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import (
    Session,
    aliased,
)

from runtime.tests.support.soft_delete_answers import answer
from runtime.tests.support.soft_delete_parts import Parts, Run


class Selects(Parts):
    """SELECT statements of the ORM."""

    def make_entities(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement, entities = self.joined(select(entity), entity)
        statement = self.filtered(statement, entities)
        if self.is_chance(0.3):
            statement = statement.add_columns(*entities[1:2])
        statement, is_ordered = self.limited(statement, entities)
        told.append(statement)
        return lambda session: answer(session.execute(statement).unique(), is_ordered=is_ordered)

    def make_columns(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement: Any
        statement, entities = self.joined(select(entity.id), entity)
        columns = [column for one in entities for column in (one.id, one.rank)]
        statement = self.filtered(statement.with_only_columns(*columns, maintain_column_froms=True), entities)
        if self.is_chance(0.2):
            statement = statement.distinct()
        statement, is_ordered = self.limited(statement, entities)
        if self.is_chance(0.3):
            part = statement.subquery()
            statement, is_ordered = select(func.count(), func.sum(part.c[0])).select_from(part), False
        told.append(statement)
        return lambda session: answer(session.execute(statement), is_ordered=is_ordered)

    def make_aggregate(self, told: list[Any]) -> Run:
        entity = aliased(self.some_class(), flat=True)
        statement, entities = self.joined(select(entity.id), entity)
        statement = self.filtered(statement, entities)
        totals = [func.count(), func.sum(entities[-1].rank), func.count(entities[-1].id)]
        if self.is_chance(0.5):
            # The name hangs on the key.
            key = inspect(entity).mapper.base_mapper.local_table.c.id
            keys = [entity.id] if inspect(entity).mapper.inherits is None else [entity.id, entity.name]
            del key
            statement = statement.with_only_columns(entity.name, *totals, maintain_column_froms=True).group_by(*keys)
            if self.is_chance(0.3):
                statement = statement.having(func.count() > 1)
        else:
            statement = statement.with_only_columns(*totals, maintain_column_froms=True)
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_window(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement, entities = self.joined(select(entity.id), entity)
        place = func.row_number().over(partition_by=entities[-1].rank, order_by=[one.id for one in entities])
        columns = [*(one.id for one in entities), place, func.count().over()]
        statement = self.filtered(statement, entities).with_only_columns(*columns, maintain_column_froms=True)
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_sets(self, told: list[Any]) -> Run:
        model = self.some_class()
        parts = []
        for _ in range(self.random.randint(2, 3)):
            entity = self.entity(model)
            one, entities = self.joined(select(entity), entity)
            part = self.filtered(one, entities)
            parts.append(part.with_only_columns(entity.id, entity.rank, entity.name, maintain_column_froms=True))
        combined = self.random.choice((union, union_all, intersect, except_))(*parts)
        form = self.random.choice(("rows", "subquery", "entities", "count"))
        if form == "rows":
            statement: Any = combined
        elif form == "count":
            statement = select(func.count()).select_from(combined.subquery())
        else:
            part = combined.subquery()
            statement = select(model).join(part, part.c.id == model.id)
        told.append(statement)
        return lambda session: answer(session.execute(statement).unique())

    def make_from_statement(self, told: list[Any]) -> Run:
        model = self.some_class()
        parts = [self.filtered(select(model), [model]) for _ in range(2)]
        statement = select(model).from_statement(self.random.choice((union, union_all))(*parts))
        told.append(statement)
        return lambda session: answer(session.scalars(statement).unique())

    def make_cte(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement, entities = self.joined(select(entity.id), entity)
        columns = [entities[0].id.label("a"), entities[-1].id.label("b")]
        part = self.filtered(statement, entities).with_only_columns(*columns, maintain_column_froms=True).cte()
        other = self.entity()
        outer = select(other.id, part.c.a).join(part, part.c.b == other.id, isouter=self.is_chance(0.5))
        if self.is_chance(0.4):
            again = part.alias()
            outer = outer.join(again, again.c.a == other.id, isouter=True).add_columns(again.c.b)
        told.append(outer)
        return lambda session: answer(session.execute(outer))

    def make_recursive_cte(self, told: list[Any]) -> Run:
        tables = [(t, f) for t in self.world.tables for f in t.foreign_keys if f.column.table is t and "rank" in t.c]
        if not tables:
            return self.make_cte(told)
        table, key = self.random.choice(tables)
        start, step = (table, table.alias()) if self.is_chance(0.5) else (table.alias(), table.alias())
        part = select(start.c.id, literal(0).label("depth")).where(start.c.rank > self.random.randint(0, 3))
        tree = part.cte("tree", recursive=True)
        if self.is_chance(0.5):
            how = step.c[key.parent.key] == tree.c.id
        else:
            how = step.c.id == select(start.c[key.parent.key]).where(start.c.id == tree.c.id).scalar_subquery()
        deeper = select(step.c.id, tree.c.depth + 1).join(tree, how).where(tree.c.depth < 4)
        tree = tree.union(deeper) if self.is_chance(0.5) else tree.union_all(deeper)
        statement = select(tree.c.depth, func.count()).group_by(tree.c.depth)
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_lateral(self, told: list[Any]) -> Run:
        entity, other = aliased(self.some_class(), flat=True), aliased(self.some_class(), flat=True)
        inner = select(other.id, other.rank).where(other.rank >= entity.rank, self.condition(other, 1))
        part = inner.correlate(inspect(entity).selectable, entity).order_by(other.id).limit(2).lateral()
        statement = select(entity.id, part.c.id).join(part, true(), isouter=self.is_chance(0.5))
        statement = self.filtered(statement, [entity])
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_scalar_columns(self, told: list[Any]) -> Run:
        entity = self.entity()
        other = aliased(self.some_class())
        part: Any = select(func.count(other.id)).where(other.rank == entity.rank, self.condition(other, 1))
        statement = self.filtered(
            select(entity.id, part.scalar_subquery(), select(exists(part)).scalar_subquery()), [entity]
        )
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_for_update(self, told: list[Any]) -> Run:
        entity = aliased(self.some_class(), flat=True)
        attribute = self.relationship(entity)
        statement = select(entity.id)
        if attribute is not None and self.is_chance(0.5):
            statement = statement.join(attribute)
        statement = self.filtered(statement, [entity]).with_for_update(read=self.is_chance(0.5))
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_implicit_joins(self, told: list[Any]) -> Run:
        one, other = self.entity(), aliased(self.some_class())
        statement = select(one.id, other.id).where(one.rank == other.rank)
        statement = self.filtered(statement, [one, other])
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_legacy_query(self, told: list[Any]) -> Run:
        model = self.some_class()
        condition, form = self.condition(model), self.random.choice(("count", "exists", "all", "join"))
        attribute = self.relationship(model)
        told += [f"Query {form}", condition]

        def run(session: Session) -> Any:
            query = session.query(model).filter(condition)
            if form == "count":
                return query.count()
            if form == "exists":
                return session.query(query.exists()).scalar()
            if form == "join" and attribute is not None:
                query = query.outerjoin(attribute.of_type(aliased(attribute.property.mapper.class_)))
            return answer(query.all())

        return run
