"""Orders of every kind that SQLAlchemy can write, by a seed, over one small schema full of ties and NULLs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    Integer,
    Interval,
    Numeric,
    Select,
    String,
    Text,
    and_,
    any_,
    bindparam,
    case,
    extract,
    func,
    insert,
    literal,
    literal_column,
    not_,
    nullslast,
    or_,
    select,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import INT4RANGE, JSONB, array
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, joinedload, mapped_column, relationship

from pgwright_runtime.paging import Page, Pager

ROWS = 18
SIZES = range(1, 8)
PAGER = Pager(secret=b"a secret of the test's own")
MOOD = Enum("sad", "ok", "happy", name="mood")

Expression = ColumnElement[Any]


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    b1: Mapped[bool] = mapped_column(nullable=True)
    b2: Mapped[bool]
    b3: Mapped[bool] = mapped_column(nullable=True)
    n: Mapped[int]
    m: Mapped[int | None]
    price: Mapped[float | None] = mapped_column(Numeric(12, 3))
    weight: Mapped[float | None] = mapped_column(Float)
    name: Mapped[str | None] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    mood: Mapped[str | None] = mapped_column(MOOD)
    tags: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    data: Mapped[Any] = mapped_column(JSONB)
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    span: Mapped[timedelta | None] = mapped_column(Interval)
    reach: Mapped[Any] = mapped_column(INT4RANGE, nullable=True)
    parts: Mapped[list[Part]] = relationship()


class Part(Base):
    __tablename__ = "parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    thing_id: Mapped[int] = mapped_column(ForeignKey("things.id"))
    size: Mapped[int | None]


# A composite value whose fields are all NULL is no NULL to ORDER BY, though `IS NULL` holds for it.
_PLACE = """
CREATE TYPE place AS (x int, y int);
ALTER TABLE things ADD place place;
UPDATE things SET place = CASE n WHEN 0 THEN NULL WHEN 1 THEN ROW(NULL, NULL)::place ELSE ROW(id % 3, NULL)::place END
"""


def fill(connection: Connection) -> None:
    """Make the schema and its rows, the same each time."""
    Base.metadata.create_all(connection)
    random = Random(7)
    maybe: Callable[..., Any] = lambda *values: random.choice([None, *values])  # noqa: E731
    start = datetime(2026, 1, 31, tzinfo=UTC)
    things = [
        {
            "id": number,
            "b1": maybe(True, False),
            "b2": random.choice([True, False]),
            "b3": maybe(True, False),
            "n": random.randrange(3),
            "m": maybe(0, 1, 2),
            "price": maybe("NaN", "0.1", "0.10", "123456789.123"),
            "weight": maybe(0.1, 0.30000000000000004, float("nan"), float("inf"), -0.0),
            "name": maybe("", "a", "A", "ä", "a b", "%s", "'"),
            "code": random.choice(["a", "B", "b%", ":x", "\\"]),
            "mood": maybe("sad", "ok", "happy"),
            "tags": maybe([], [1], [1, 2], [None]),
            "data": random.choice([{"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "%"}}, {"a": None}, {}]),
            "at": maybe(start, start + timedelta(microseconds=1), start + timedelta(days=40)),
            "span": maybe(timedelta(days=30), timedelta(hours=720), timedelta(seconds=-1)),
        }
        for number in range(ROWS)
    ]
    connection.execute(insert(Thing), things)
    connection.execute(text("UPDATE things SET reach = int4range(n, n + m) WHERE m IS NOT NULL"))
    parts = [{"id": number, "thing_id": number % 7, "size": maybe(1, 2)} for number in range(12)]
    connection.execute(insert(Part), parts)
    for statement in _PLACE.split(";"):
        connection.execute(text(statement))


@dataclass
class Generator:
    """Makes expressions of one entity: each method one of a kind of types, at most so deep."""

    random: Random
    thing: Any
    table: str
    """How the entity's table is called in the statement, for what is given as text; "" if it has no name."""

    def any_of(self, *makers: Callable[[], Any]) -> Expression:
        return cast("Expression", self.random.choice(makers)())

    def boolean(self, depth: int) -> Expression:
        t, down = self.thing, depth - 1
        if depth <= 0:
            return cast("Expression", self.random.choice([t.b1, t.b2, t.b3]))
        boolean, number, string = self.boolean, self.number, self.string
        return self.any_of(
            lambda: and_(boolean(down), boolean(down)),
            lambda: or_(boolean(down), boolean(down), boolean(down)),
            lambda: not_(boolean(down)),
            lambda: not_(and_(boolean(down), not_(boolean(down)))),
            lambda: boolean(down) == boolean(down),
            lambda: boolean(down).is_(True),
            lambda: boolean(down).is_not_distinct_from(None),
            lambda: number(down) == self.random.randrange(3),
            lambda: number(down) < number(down),
            lambda: number(down).is_distinct_from(number(down)),
            lambda: number(down).in_(self.random.choice([[], [1], [1, 2, 99]])),
            lambda: number(down).not_in([0, 2]),
            lambda: number(down).between(number(down), number(down)),
            lambda: number(down).is_(None),
            lambda: string(down).is_not(None),
            lambda: string(down).like("a%"),
            lambda: ~string(down).ilike("A_", escape="\\"),
            lambda: string(down).op("~")("^a"),
            lambda: string(down).startswith("a", autoescape=True),
            lambda: t.data.contains({"a": 1}),
            lambda: t.data.has_key("b"),
            lambda: t.tags.op("@>", is_comparison=True)([1]),
            lambda: number(down) == any_(t.tags),
            lambda: t.reach.contains(1),
            lambda: tuple_(t.n, t.m) < tuple_(literal(1), literal(2)),
            lambda: tuple_(t.n, t.id).in_([(1, 2), (0, 3), (2, 4)]),
            lambda: self.parts().exists(),
            lambda: ~self.parts(Part.size > 1).exists(),
            lambda: t.id.in_(select(Part.thing_id).where(Part.size == 2)),
            lambda: case((boolean(down), boolean(down)), else_=boolean(down)),
            lambda: func.coalesce(boolean(down), self.random.choice([True, False])),
            lambda: sql_cast(sql_cast(boolean(down), Integer), Text) == "1",
        )

    def number(self, depth: int) -> Expression:
        t, down = self.thing, depth - 1
        if depth <= 0:
            return cast("Expression", self.random.choice([t.n, t.m, t.n, t.id % 3]))
        boolean, number, string = self.boolean, self.number, self.string
        return self.any_of(
            lambda: number(down) + number(down),
            lambda: number(down) - (number(down) - 1),
            lambda: number(down) * -number(down),
            lambda: (t.n + t.m) % 2,
            lambda: (t.id + t.m).op("%")(3),
            lambda: t.n.op("&")(3).op("#")(t.id),
            lambda: number(down) / func.nullif(number(down), 0),
            lambda: number(down) // 2,
            lambda: -number(down),
            lambda: number(down).op("-")(number(down).op("-")(1)),
            lambda: case((boolean(down), number(down)), (boolean(down), 2), else_=None),
            lambda: case({1: 5, 2: 4}, value=t.n, else_=number(down)),
            lambda: func.coalesce(number(down), 1),
            lambda: func.greatest(number(down), number(down), 0),
            lambda: func.abs(number(down)),
            lambda: func.length(string(down)),
            lambda: sql_cast(boolean(down), Integer),
            lambda: sql_cast(t.m - 1, Numeric(14, 2)) * number(down),
            lambda: type_coerce(number(down), Float),
            lambda: number(down).label("labelled"),
            lambda: t.data["a"].as_integer(),
            lambda: t.tags[1],
            lambda: func.cardinality(t.tags),
            lambda: extract("month", t.at),
            lambda: extract("epoch", t.span) / 3600,
            lambda: self.largest_part(func.max),
            lambda: self.largest_part(func.count) + number(down),
            lambda: literal(self.random.randrange(3)) + number(down),
            lambda: bindparam(None, 2) - number(down),
            lambda: t.price,
            lambda: t.weight,
            lambda: t.price + number(down),
            *([lambda: literal_column(f"{self.table}.n + {self.table}.m", Integer)] if self.table else []),
            *([lambda: literal_column(f"{self.table}.n", Integer) * number(down)] if self.table else []),
        )

    def parts(self, *conditions: Expression) -> Select[Any]:
        return select(Part.id).where(Part.thing_id == self.thing.id, *conditions).correlate_except(Part)

    def largest_part(self, aggregate: Any) -> Expression:
        found = select(aggregate(Part.size)).where(Part.thing_id == self.thing.id)
        return cast("Expression", found.correlate_except(Part).scalar_subquery())

    def string(self, depth: int) -> Expression:
        t, down = self.thing, depth - 1
        if depth <= 0:
            return cast("Expression", self.random.choice([t.name, t.code]))
        boolean, number, string = self.boolean, self.number, self.string
        return self.any_of(
            lambda: string(down) + "x",
            lambda: "%" + string(down),
            lambda: sql_cast(number(down), Text).concat(string(down).collate("C")),
            lambda: func.lower(string(down)),
            lambda: func.left(func.coalesce(string(down), ""), 1),
            lambda: string(down).collate("C"),
            lambda: t.data.op("->>")("a"),
            lambda: t.data["b"]["c"].astext,
            lambda: t.data[("b", "c")].astext,
            lambda: t.data["a"].as_string(),
            lambda: case((boolean(down), "first"), else_=string(down).collate("C")),
            lambda: sql_cast(t.mood, Text),
            lambda: func.to_char(t.at.op("AT TIME ZONE")("UTC"), "DD"),
            lambda: func.regexp_replace(string(down), "a", "b"),
            lambda: func.nullif(string(down), ""),
        )

    def other(self, depth: int) -> Expression:
        t, down = self.thing, depth - 1
        return self.any_of(
            lambda: t.mood,
            lambda: sql_cast(func.coalesce(sql_cast(t.mood, Text), "ok"), MOOD),
            lambda: t.at,
            lambda: t.at + t.span,
            lambda: func.date_trunc("month", t.at),
            lambda: sql_cast(t.at, Date) - sql_cast(datetime(2026, 1, 1, tzinfo=UTC), Date),
            lambda: t.at - literal(datetime(2026, 1, 1, tzinfo=UTC)),
            lambda: t.span,
            lambda: t.span + t.span,
            lambda: t.tags,
            lambda: t.tags + array([1, 2]),
            lambda: array([self.number(0), t.m]),
            lambda: t.data,
            lambda: t.data["a"],
            lambda: t.data["b", "c"],
            lambda: t.data.op("||")(sql_cast('{"z": 1}', JSONB)),
            lambda: t.reach,
            lambda: func.lower(t.reach),
            lambda: func.md5(self.string(down)),
            lambda: func.decode(func.md5(self.string(down)), "hex"),
            lambda: literal("the same"),
            lambda: tuple_(self.number(down), self.boolean(down)),
            lambda: func.row(self.string(down), t.m),
            *([lambda: literal_column(f"{self.table}.place")] if self.table else []),
        )

    def key(self) -> Any:
        depth = self.random.choice([0, 1, 1, 2, 2, 3])
        kinds = [self.boolean, self.boolean, self.number, self.string, self.other]
        expression = self.random.choice(kinds)(depth)
        key: Any = self.random.choice([expression, expression.asc(), expression.desc()])
        place = self.random.choice(["", "first", "last", "function"])
        if place == "function":
            return nullslast(key)
        return key.nulls_first() if place == "first" else key.nulls_last() if place == "last" else key


@dataclass(frozen=True)
class GeneratedOrder:
    """A statement to be paged, and the same with the order that its pages should have."""

    statement: Any
    whole: Any
    size: int


def generate(seed: int) -> GeneratedOrder:
    """Return the order of a seed; seven in a row have every size of page."""
    random = Random(seed)
    size = SIZES[seed % len(SIZES)]
    kind = random.choice(["table", "entity", "alias", "named alias", "join", "joined load", "numbered"])
    thing: Any = {"alias": aliased(Thing), "named alias": aliased(Thing, name="t")}.get(kind, Thing)
    if kind == "table":
        thing = Thing.__table__.c
    if kind == "numbered":
        own = list(Thing.__table__.c)
        numbered = select(*own, func.row_number().over(order_by=[Thing.m, Thing.id]).label("number")).subquery("s")
        thing = numbered.c
    names = {"table": "things", "entity": "things", "join": "things", "named alias": "t"}
    generator = Generator(random, thing, names.get(kind, ""))
    keys = [generator.key() for _ in range(random.choice([1, 1, 2, 3]))]
    if kind == "numbered":
        keys.append(thing.number)
        return GeneratedOrder(select(thing.id).order_by(*keys), select(thing.id).order_by(*keys), size)
    if kind == "join":
        keys.insert(random.randrange(len(keys) + 1), random.choice([Part.size, Part.size.desc(), Part.size > Thing.n]))
        joined = select(Thing.id, Part.id).outerjoin(Part, Part.thing_id == Thing.id).order_by(*keys)
        return GeneratedOrder(joined, joined.order_by(Thing.id, Part.id), size)
    rows = {"joined load": select(Thing).options(joinedload(Thing.parts)), "entity": select(Thing)}
    statement: Any = rows.get(kind, select(thing.id))
    return GeneratedOrder(statement.order_by(*keys), select(thing.id).order_by(*keys, thing.id), size)


def read_both_ways(session: Session, order: GeneratedOrder) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the rows in the database's own order, as the pages give them, and as they give them backwards."""
    is_numbered = "row_number" in str(order.statement)
    found: list[Any] = list(session.execute(order.whole))
    whole = [row[0] if len(row) == 1 else tuple(row) for row in found]

    def page(cursor: str | None) -> Page[Any]:
        return PAGER.page(session, order.statement, size=order.size, cursor=cursor, unique=is_numbered)

    most = len(whole) // order.size + 1
    pages = [page(None)]
    while pages[-1].next and len(pages) <= most:
        pages.append(page(pages[-1].next))
    back = [pages[-1]]
    while back[0].previous and len(back) <= most:
        back.insert(0, page(back[0].previous))
    return whole, _rows(pages), _rows(back)


def _rows(pages: list[Page[Any]]) -> list[Any]:
    items = [item for page in pages for item in page.items]
    return [item.id if isinstance(item, Thing) else tuple(item) if isinstance(item, tuple) else item for item in items]
