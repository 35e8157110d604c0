"""Random queries over random models, by a seed: all that SQLAlchemy can say, as far as it hides or shows rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    and_,
    delete,
    except_,
    exists,
    func,
    inspect,
    insert,
    intersect,
    join,
    literal,
    not_,
    or_,
    select,
    tablesample,
    text,
    true,
    tuple_,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    defaultload,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    with_parent,
    with_polymorphic,
)

from runtime.tests.support.soft_delete_answers import answer, dump, held
from runtime.tests.support.soft_delete_models import World

STRATEGIES = (joinedload, selectinload, subqueryload, immediateload, lazyload)
Run = Callable[[Session], Any]


@dataclass(frozen=True)
class Query:
    """`run` executes it and returns what can be compared."""

    kind: str
    statements: list[Any]
    run: Run

    @property
    def text(self) -> str:
        return "\n".join(_text(statement) for statement in self.statements)


def _text(statement: Any) -> str:
    try:
        return str(statement if isinstance(statement, str) else statement.compile(dialect=postgresql.dialect()))
    except SQLAlchemyError as error:  # one that is built wrong
        return repr(error)


class Grammar:
    """Makes queries. Options, as that which shows deleted rows, are given to each statement."""

    def __init__(self, random: Random, world: World) -> None:
        self.random, self.world = random, world

    def query(self) -> Query:
        kinds = [name for name in dir(self) if name.startswith("make_")]
        kind = self.random.choice(kinds)
        described: list[Any] = []
        run = getattr(self, kind)(described)
        return Query(kind.removeprefix("make_").replace("_", " "), described, run)

    # Parts of a statement.

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

    def condition(self, entity: Any, depth: int = 2) -> ColumnElement[bool]:
        """Return a condition on an entity; one of depth 0 looks at its own columns only."""
        kinds = ["compare", "null", "name", "text"]
        if depth:
            kinds += ["any", "any", "of type", "exists", "in", "scalar", "and", "or", "not", "tuple", "count"]
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

    def _related(self, entity: Any, is_of_type: bool, depth: int) -> ColumnElement[bool]:
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

    def _nested(self, entity: Any, kind: str, depth: int) -> ColumnElement[bool]:
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
            how = {"isouter": self.is_chance(0.5), "full": self.is_chance(0.08)}
            step = attribute.of_type(target)
            if self.is_chance(0.25):
                step = step.and_(self.condition(target, 1))
            if self.is_chance(0.15):
                statement = statement.join(target, self.on(entities, target), **how)
            else:
                statement = statement.join(step, **how)
            entities.append(target)
        return statement, entities

    def on(self, entities: list[Any], target: Any) -> ColumnElement[bool]:
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
        statement = statement.order_by(*(entity.id for entity in entities))
        return (statement.limit(self.random.randint(1, 4)) if self.is_chance(0.6) else statement), True

    def eager(self, entity: Any, depth: int = 2) -> list[Any]:
        """Return loader options."""
        options = []
        for attribute in self.relationships(entity):
            if not self.is_chance(0.5):
                continue
            target = attribute.property.mapper.class_
            strategy = self.random.choice(STRATEGIES)
            children = list(inspect(target).self_and_descendants)
            if len(children) > 1 and self.is_chance(0.3) and strategy is not lazyload:
                target = self.random.choice(children).class_
                attribute = attribute.of_type(target)
            if self.is_chance(0.2):
                attribute = attribute.and_(self.condition(target, 0))
            options.append(self._strategy(strategy, attribute, target, depth))
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

    # Whole queries.

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

    def make_eager_loads(self, told: list[Any]) -> Run:
        entity = self.entity()
        statement = self.filtered(select(entity), [entity]).options(*self.eager(entity))
        if len(list(inspect(entity).mapper.self_and_descendants)) > 1 and self.is_chance(0.4):
            model = inspect(entity).mapper.class_
            below = [one.class_ for one in inspect(model).self_and_descendants][1:]
            if entity is model:
                statement = statement.options(selectin_polymorphic(model, below))
        statement, is_ordered = self.limited(statement, [entity])
        told.append(statement)
        return lambda session: answer(session.scalars(statement).unique(), is_ordered=is_ordered)

    def make_contains_eager(self, told: list[Any]) -> Run:
        entity = self.entity()
        attribute = self.relationship(entity)
        if attribute is None:
            return self.make_entities(told)
        target = aliased(attribute.property.mapper.class_, flat=True)
        statement = select(entity).join(attribute.of_type(target), isouter=self.is_chance(0.5))
        option = contains_eager(attribute.of_type(target))
        deeper = self.relationship(target)
        if deeper is not None and self.is_chance(0.5):
            last = aliased(deeper.property.mapper.class_, flat=True)
            statement = statement.join(deeper.of_type(last), isouter=self.is_chance(0.7))
            option = option.contains_eager(deeper.of_type(last))
        statement = self.filtered(statement, [entity]).options(option)
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
            return [answer(session.scalars(select(target).where(with_parent(one, attribute))).unique()) for one in parents]

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
                    _ = one.rank, [getattr(one, key) for key in inspect(model).columns.keys()]
                else:
                    session.refresh(one)
            return answer(found)

        return run

    def make_sets(self, told: list[Any]) -> Run:
        model = self.some_class()
        parts = []
        for _ in range(self.random.randint(2, 3)):
            entity = self.entity(model)
            statement, entities = self.joined(select(entity), entity)
            part = self.filtered(statement, entities)
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
        part = select(func.count(other.id)).where(other.rank == entity.rank, self.condition(other, 1))
        statement = self.filtered(select(entity.id, part.scalar_subquery(), select(exists(part)).scalar_subquery()), [entity])
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

    def make_core_joins(self, told: list[Any]) -> Run:
        leaves: list[Any] = []
        tree = self._tree(leaves, self.random.randint(1, 3))
        columns = [column for leaf in leaves for column in list(leaf.c)[:3]]
        statement = select(*columns).select_from(tree)
        for leaf in leaves:
            if "rank" in leaf.c and self.is_chance(0.3):
                statement = statement.where(or_(leaf.c.rank > 1, leaf.c.rank.is_(None)))
        if self.is_chance(0.3):
            statement = select(func.count(), func.count(columns[0])).select_from(tree)
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def _tree(self, leaves: list[Any], depth: int) -> Any:
        if depth == 0 or self.is_chance(0.2):
            table = self.random.choice(self.world.tables)
            form = self.random.choice(("alias", "alias", "table", "sample", "subquery"))
            leaf: Any = table if form == "table" and table not in leaves else table.alias()
            if form == "sample":
                leaf = tablesample(table, func.bernoulli(100))
            elif form == "subquery":
                leaf = select(table).subquery()
            leaves.append(leaf)
            return leaf
        mine: list[Any] = []
        theirs: list[Any] = []
        left, right = self._tree(mine, depth - 1), self._tree(theirs, depth - 1)
        condition = self.random.choice(self._pairs(mine, theirs))
        if self.is_chance(0.2):
            condition = and_(condition, text("(1 = 1 OR 1 = 0)"))
        leaves += mine + theirs
        return join(left, right, condition, isouter=self.is_chance(0.5), full=self.is_chance(0.15))

    def _pairs(self, mine: list[Any], theirs: list[Any]) -> list[ColumnElement[bool]]:
        """Return conditions: by foreign keys, else by what is at hand."""
        number = [
            (one, other)
            for left in mine
            for right in theirs
            for one in left.c
            for other in right.c
            if one.name not in ("kind", "name", "deleted_at") and other.name not in ("kind", "name", "deleted_at")
        ]
        likely = [pair for pair in number if "id" in (pair[0].name, pair[1].name)]
        return [one == other for one, other in likely or number]

    def make_implicit_joins(self, told: list[Any]) -> Run:
        one, other = self.entity(), aliased(self.some_class())
        statement = select(one.id, other.id).where(one.rank == other.rank)
        statement = self.filtered(statement, [one, other])
        told.append(statement)
        return lambda session: answer(session.execute(statement))

    def make_core_tables(self, told: list[Any]) -> Run:
        table = self.random.choice(self.world.tables)
        statement: Any = self.random.choice((select(table), table.select(), select(func.count()).select_from(table)))
        if self.is_chance(0.3):
            statement = select(table.alias())
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

    def make_insert_from_select(self, told: list[Any]) -> Run:
        models = [model for model in self.world.classes if inspect(model).inherits is None]
        table = self.random.choice(models).__table__
        source = aliased(self.random.choice(models))
        required = [column for column in table.c if not column.nullable and column.key != "id"]
        if required:
            return self.make_core_joins(told)
        chosen = select(source.id + 1000, source.rank, literal(self.world.classes[0].__name__)).where(self.condition(source))
        statement = insert(table).from_select(["id", "rank", "kind"], chosen)
        told.append(statement)
        return self._changing(lambda session: session.execute(statement) and None)

    # Changes: what they answer, and what all tables hold after them.

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
            result = session.execute(statement, execution_options={"synchronize_session": how})
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
                for key in inspect(type(one)).columns.keys():
                    if key.startswith("extra"):
                        setattr(one, key, 7)

        return self._changing(change)

    def make_core_change(self, told: list[Any]) -> Run:
        table = self.random.choice(self.world.tables)
        values = [column for column in table.c if column.key in ("rank", "extra1", "extra2", "extra3")]
        is_update = bool(values) and self.is_chance(0.6)
        statement: Any = update(table).values({values[0]: 77}) if is_update else delete(table)
        if self.is_chance(0.6):
            other = self.random.choice(self.world.tables)
            other = other if other is not table and self.is_chance(0.5) else other.alias()
            statement = statement.where(self.random.choice(self._pairs([table], [other])))
        if self.is_chance(0.3):
            statement = statement.where(text("1 = 1 OR 1 = 0"))
        key = list(table.primary_key)[0]
        if self.is_chance(0.4):
            part = statement.returning(key).cte()
            statement = select(func.count()).select_from(part)
        told.append(statement)
        return self._changing(lambda session: self._count(session.execute(statement)))

    def _count(self, result: Any) -> Any:
        return answer(result) if result.returns_rows else result.rowcount
