"""Random models with deleted rows, by a seed: relationships and inheritance of all kinds; needs SQLAlchemy alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import aliased, column_property, registry, relationship

MARK = "deleted_at"
NAMES = ("ash", "birch", "cedar", None)
EAGER = ("joined", "selectin", "subquery", "immediate")
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class ModelPlan:
    """A class that will be; `parent` is the number of the class above, and `is_joined` says by which inheritance."""

    number: int
    parent: int | None
    is_joined: bool
    is_marked: bool
    keys: list[tuple[str, int, bool]] = field(default_factory=list)
    """Name, class that is referred to, NULL allowed."""


@dataclass
class World:
    """Random classes and rows."""

    metadata: MetaData
    classes: list[type[Any]]
    links: list[Table]
    dispose: Callable[[], None]
    rows: Rows = field(default_factory=dict)
    living: Rows = field(default_factory=dict)

    @property
    def tables(self) -> list[Table]:
        return list(self.metadata.tables.values())


def make_world(random: Random, mixin: type[Any], mark: Callable[[Table], Table]) -> World:
    """Return a world whose marked classes have a mixin, and whose marked association tables went through `mark`."""
    plans = _plans(random)
    mapping = registry()
    classes: list[type[Any]] = []
    for plan in plans:
        classes.append(_make_class(mapping, classes, plans, plan, mixin))
    # Two that are loaded by themselves lead in circles, to statements of thousands of joins.
    lazy = iter(random.choices(EAGER, k=random.randint(0, 1)))
    for plan in plans:
        for name, target, _ in plan.keys:
            _relate(random, lazy, classes[plan.number], classes[target], name)
    links = [
        _link(random, lazy, mapping.metadata, classes, number, mark) for number in range(random.choice((0, 1, 1, 2)))
    ]
    for plan in plans:
        if plan.keys and random.random() < 0.4:
            _count_children(classes[plan.number], classes[plan.keys[0][1]], plan.keys[0][0])
    mapping.configure()
    world = World(mapping.metadata, classes, links, mapping.dispose)
    _fill(random, world, plans)
    return world


def _plans(random: Random) -> list[ModelPlan]:
    plans: list[ModelPlan] = []
    for number in range(random.randint(1, 6)):
        parent = random.randrange(number) if number and random.random() < 0.4 else None
        is_marked = random.random() < 0.75 if parent is None else plans[parent].is_marked
        plans.append(ModelPlan(number, parent, random.random() < 0.6, is_marked))
    for number in range(random.randint(1, 5)):
        source, target = random.choice(plans), random.choice(plans).number
        # Rows of other classes are in a table of single inheritance as well.
        is_single = source.parent is not None and not source.is_joined
        has_children = any(plan.parent == source.number for plan in plans)
        # The root's rows are filled before there is a row to refer to.
        may_be_null = is_single or has_children or target >= source.number or random.random() < 0.5
        source.keys.append((f"k{number}", target, may_be_null))
    return plans


def _make_class(
    mapping: registry, classes: Sequence[type[Any]], plans: Sequence[ModelPlan], plan: ModelPlan, mixin: type[Any]
) -> type[Any]:
    name = f"C{plan.number}"
    space: dict[str, Any] = {"__module__": __name__}
    arguments: dict[str, Any] = {"polymorphic_identity": name}
    bases: tuple[type[Any], ...] = (object,)
    if plan.parent is None:
        bases = (mixin,) if plan.is_marked else bases
        space |= {
            "__tablename__": name.lower(),
            "id": Column(Integer, primary_key=True),
            "kind": Column(String),
            "rank": Column(Integer),
            "name": Column(String),
        }
        arguments["polymorphic_on"] = space["kind"]
    else:
        bases = (classes[plan.parent],)
        space[f"extra{plan.number}"] = Column(Integer)
        if plan.is_joined:
            above = classes[plan.parent].__table__
            space["__tablename__"] = name.lower()
            own: Column[int] = Column(ForeignKey(above.c.id), primary_key=True)
            space["id"] = own
            arguments["inherit_condition"] = own == above.c.id
    for key, target, may_be_null in plan.keys:
        space[key] = Column(ForeignKey(f"{_table_name(plans, target)}.id"), nullable=may_be_null)
    space["__mapper_args__"] = arguments
    return mapping.mapped(type(name, bases, space))


def _table_name(plans: Sequence[ModelPlan], number: int) -> str:
    plan = plans[number]
    while plan.parent is not None and not plan.is_joined:
        plan = plans[plan.parent]
    return f"c{plan.number}"


def _relate(random: Random, lazy: Iterator[str], source: Any, target: Any, key: str) -> None:
    column, other = source.__table__.c[key], target.__table__.c.id
    condition = column == other
    eager: Any = {"innerjoin": random.random() < 0.5} if not column.nullable else {}
    load = _next(random, lazy, source, target)
    up = relationship(
        target, primaryjoin=condition, foreign_keys=[column], remote_side=[other], lazy=load,
        back_populates=f"down_{source.__name__}_{key}", **eager,
    )  # fmt: skip
    load = _next(random, lazy, source, target)
    down = relationship(
        source, primaryjoin=condition, foreign_keys=[column], remote_side=[column], lazy=load,
        back_populates=f"up_{key}", order_by=source.__table__.c.id if random.random() < 0.3 else False,
    )  # fmt: skip
    source.__mapper__.add_property(f"up_{key}", up)
    target.__mapper__.add_property(f"down_{source.__name__}_{key}", down)


def _next(random: Random, lazy: Iterator[str], source: Any, target: Any) -> Any:
    # From a class to itself, SQLAlchemy goes in circles as long as the rows do.
    is_circle = source.__mapper__.base_mapper is target.__mapper__.base_mapper
    return "select" if is_circle or random.random() < 0.6 else next(lazy, "select")


def _link(
    random: Random,
    lazy: Iterator[str],
    metadata: MetaData,
    classes: Sequence[Any],
    number: int,
    mark: Callable[[Table], Table],
) -> Table:
    one, other = random.choice(classes), random.choice(classes)
    table = Table(
        f"l{number}",
        metadata,
        Column("one_id", ForeignKey(one.__table__.c.id), primary_key=True),
        Column("other_id", ForeignKey(other.__table__.c.id), primary_key=True),
    )
    if random.random() < 0.6:
        table.append_column(Column(MARK, DateTime(timezone=True)))
        mark(table)
    for here, there, near, far, name, back in (
        (one, other, "one_id", "other_id", "to", "of"),
        (other, one, "other_id", "one_id", "of", "to"),
    ):
        here.__mapper__.add_property(
            f"{name}_l{number}",
            relationship(
                there, secondary=table, primaryjoin=here.__table__.c.id == table.c[near],
                secondaryjoin=there.__table__.c.id == table.c[far], back_populates=f"{back}_l{number}",
                lazy=_next(random, lazy, here, there),
            ),
        )  # fmt: skip
    return table


def _count_children(source: Any, target: Any, key: str) -> None:
    child = aliased(source)
    count = select(func.count(child.id)).where(getattr(child, key) == target.__table__.c.id)
    target.__mapper__.add_property(f"count_{key}", column_property(count.correlate(target.__table__).scalar_subquery()))


def _fill(random: Random, world: World, plans: Sequence[ModelPlan]) -> None:
    rows: Rows = {table.name: [] for table in world.tables}
    ids: dict[int, list[int]] = {plan.number: [] for plan in plans}
    dead: dict[str, set[int]] = {table.name: set() for table in world.tables}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for plan in plans:
        for _ in range(random.randint(2, 5)):
            chain = _chain(plans, plan)
            root = f"c{chain[0].number}"
            number = len(rows[root]) + 1
            is_dead = chain[0].is_marked and random.random() < 0.35
            values = {"id": number, "kind": f"C{plan.number}", "rank": random.choice((None, 1, 2, 3, 4, 5))}
            values["name"] = random.choice(NAMES)
            for step in chain:
                if step.parent is not None:
                    values[f"extra{step.number}"] = random.choice((None, 1, 2, 3))
                for key, target, may_be_null in step.keys:
                    values[key] = (key, target, may_be_null)
                ids[step.number].append(number)
            for table in {_table_name(plans, step.number) for step in chain}:
                own = world.metadata.tables[table].c
                row = {column.key: values.get(column.key) for column in own}
                if MARK in own:
                    row[MARK] = moment if is_dead else None
                rows[table].append(row)
                if is_dead:
                    dead[table].add(number)
    for table_rows in rows.values():
        for row in table_rows:
            for key, value in row.items():
                if isinstance(value, tuple):
                    known = ids[value[1]]
                    row[key] = None if not known or (value[2] and random.random() < 0.3) else random.choice(known)
    for link in world.links:
        one, other = (next(iter(column.foreign_keys)).column.table.name for column in (link.c.one_id, link.c.other_id))
        pairs = {(random.choice(rows[one])["id"], random.choice(rows[other])["id"]) for _ in range(12)}
        for pair in sorted(pairs):
            row = dict(zip(("one_id", "other_id"), pair, strict=True))
            if MARK in link.c:
                row[MARK] = random.choice((None, None, moment))
            rows[link.name].append(row)
    world.rows = rows
    world.living = {
        name: [row for row in found if row.get("id") not in dead[name] and row.get(MARK) is None]
        for name, found in rows.items()
    }


def _chain(plans: Sequence[ModelPlan], plan: ModelPlan) -> list[ModelPlan]:
    chain = [plan]
    while chain[0].parent is not None:
        chain.insert(0, plans[chain[0].parent])
    return chain


def store(connection: Connection, world: World, schema: str, rows: Rows) -> None:
    """Make a schema that holds these rows, without foreign keys, so that any row can be deleted."""
    connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
    connection.execute(text(f"CREATE SCHEMA {schema}"))
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
    for table in world.tables:
        columns = ", ".join(
            f"{column.name} {column.type.compile(connection.dialect)}{'' if column.nullable else ' NOT NULL'}"
            for column in table.c
        )
        keys = ", ".join(column.name for column in table.primary_key)
        connection.execute(text(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({keys}))"))
        if rows[table.name]:
            connection.execute(insert(table), rows[table.name])
