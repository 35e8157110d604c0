"""Estimated sizes against indexes really built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.sizes import IndexSize, estimate_size, key_width, tree_height
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

ROWS = 100_000
# "line" is the detail of an order: its lines lie side by side and repeat its customer and address.
SCHEMA = f"""
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore;
CREATE EXTENSION vector;
CREATE EXTENSION pageinspect;
CREATE TABLE t (
    id int PRIMARY KEY, big bigint, key text, few text, at timestamptz, later timestamptz, price numeric, skew int,
    hole int, pair_a int, pair_b int, flag bool, small int2, tags text[], doc jsonb, body text, span tstzrange,
    f float8, pairs hstore, words tsvector, address inet, link text, spot point
);
SELECT setseed(0.5);
INSERT INTO t SELECT
    i, i * 1000::bigint, gen_random_uuid(), 'status ' || i % 5, now() - i * interval '1 minute',
    now() - i * interval '1 minute' + random() * interval '2 days', round((random() * 1000)::numeric, 2),
    (random() ^ 4 * 5000)::int, CASE WHEN i % 3 > 0 THEN (random() * 20000)::int END,
    a, a / 10, i % 9 = 0, (random() * 300)::int2,
    ARRAY['tag' || (random() * random() * 200)::int, 'tag' || (random() * 200)::int],
    jsonb_build_object('kind', i % 4, 'user', (random() * 300)::int),
    'word ' || (random() * 500)::int || ' and ' || (random() * 500)::int,
    tstzrange(now() - i * interval '1 minute', now() - i * interval '1 minute' + interval '1 hour'), random(),
    hstore('color', 'c' || (random() * 20)::int) || hstore('size' || i % 5, 'v' || (random() * 900)::int),
    to_tsvector('simple', (SELECT string_agg('w' || (random() ^ 3 * 20000)::int, ' ')
        FROM generate_series(1, 8) WHERE i > 0)),
    ('10.' || i % 250 || '.' || (random() * 250)::int || '.' || (random() * 250)::int)::inet,
    'https://example.org/items/' || md5(i::text), point(random(), random())
FROM (SELECT i, (random() * 20000)::int AS a FROM generate_series(1, {ROWS}) i) AS drawn;
CREATE STATISTICS t_pair (ndistinct) ON pair_a, pair_b FROM t;
CREATE TABLE line (order_id int, number int, customer_id int, address_id int, item_id int,
    PRIMARY KEY (order_id, number));
INSERT INTO line SELECT o, n, customer, address, (random() * 40000)::int
FROM (SELECT o, (random() * 30000)::int AS customer, (random() * 25000)::int AS address
      FROM generate_series(1, {ROWS} / 10) o) AS orders, generate_series(1, 10) n ORDER BY o, n;
CREATE TABLE v (id int, e vector(96));
INSERT INTO v SELECT i, (SELECT array_agg(random()) FROM generate_series(1, 96) WHERE i > 0)::vector
FROM generate_series(1, 1000) i;
ANALYZE;
"""


def index(keys: str, *, table: str = "t", include: str = "", where: str | None = None, **more: str) -> IndexDefinition:
    """Return an index from text: one expression, or columns apart by commas, each with its operator class if any."""
    parsed = tuple(
        IndexKey(None, name[1:-1]) if name.startswith("(") else IndexKey(name, operator_class=operators or None)
        for name, _, operators in ([(keys, "", "")] if keys[0] == "(" else (k.partition(" ") for k in keys.split(", ")))
    )
    return IndexDefinition(
        name="built",
        table=QualifiedName("public", table),
        keys=parsed,
        include=tuple(include.split(", ")) if include else (),
        predicate=where,
        method=more.get("method", "btree"),
        parameters=tuple(more["parameter"].split(", ")) if "parameter" in more else (),
    )


@pytest.fixture(scope="module")
def data(server: EmbeddedServer) -> Iterator[tuple[Database, Snapshot]]:
    name = f"t_{uuid4().hex[:12]}"
    server.create_database(name, template="template1")
    database = Database(server, name)
    database.execute(SCHEMA)
    yield database, read_snapshot(database.dsn, with_schema=False)
    server.drop_database(name)


def build(database: Database, definition: IndexDefinition) -> tuple[int, int]:
    """Return the pages and the height of an index really built."""
    database.execute(definition.sql())
    ((pages,),) = database.rows("SELECT pg_relation_size('built') / 8192")
    height: object = 0
    if definition.method == "btree":
        ((height,),) = database.rows("SELECT level FROM bt_metap('built')")
    database.execute("DROP INDEX built")
    assert isinstance(pages, int)
    assert isinstance(height, int)
    return pages, height


def rows_of(database: Database, definition: IndexDefinition) -> int:
    ((rows,),) = database.rows(f"SELECT count(*) FROM {definition.table} WHERE {definition.predicate or 'true'}")
    assert isinstance(rows, int)
    return rows


BTREES = [
    index("id"), index("key"), index("few"), index("few, at"), index("key, at"), index("id", include="big"),
    index("price"), index("skew"), index("hole"), index("hole", where="hole IS NOT NULL"), index("flag"),
    index("small, flag"), index("skew, few"), index("flag, price"), index("few, small", include="price"),
    index("at", where="few = 'status 1'"), index("skew", where="flag"), index("id", parameter="fillfactor=60"),
    index("skew", parameter="deduplicate_items=off"), index("body"), index("tags"), index("f"),
    index("few, key, hole"), index("at, later"), index("pair_a, pair_b"), index("pair_b, skew"),
    index("(lower(few))"), index("(date_trunc('day'::text, at, 'UTC'::text))"), index('("substring"(key, 1, 2))'),
    index("customer_id", table="line"), index("order_id, customer_id", table="line"),
    index("customer_id, address_id", table="line"), index("customer_id, item_id", table="line"),
    index("number, order_id", table="line"),
]  # fmt: skip


@pytest.mark.parametrize("definition", BTREES, ids=lambda one: f"{one.table.name}{one.outline}{one.parameters}")
def test_a_btree_is_estimated_within_a_fifth(data: tuple[Database, Snapshot], definition: IndexDefinition) -> None:
    database, snapshot = data
    estimated = estimate_size(definition, snapshot, rows_of(database, definition))
    pages, height = build(database, definition)
    assert estimated.pages == pytest.approx(pages, rel=0.2)
    assert estimated.tree_height == height


OTHERS = [
    index("tags", method="gin"), index("body gin_trgm_ops", method="gin"), index("doc", method="gin"),
    index("doc jsonb_path_ops", method="gin"), index("at", method="brin"),
    index("at", method="brin", parameter="pages_per_range=4"), index("span", method="gist"),
    index("body gist_trgm_ops", method="gist"), index("pairs", method="gin"), index("words", method="gin"),
    index("address inet_ops", method="gist"), index("address", method="spgist"), index("link", method="spgist"),
    index("spot", method="spgist"), index("id", method="hash"), index("key", method="hash"),
    index("few", method="hash"), index("e vector_l2_ops", table="v", method="hnsw"),
    index("e vector_cosine_ops", table="v", method="hnsw", parameter="m=32"),
    index("e vector_l2_ops", table="v", method="ivfflat", parameter="lists=10"),
]  # fmt: skip


@pytest.mark.parametrize("definition", OTHERS, ids=lambda one: f"{one.outline}{one.parameters}")
def test_other_methods_are_estimated_within_a_third(
    data: tuple[Database, Snapshot], definition: IndexDefinition
) -> None:
    database, snapshot = data
    estimated = estimate_size(definition, snapshot, rows_of(database, definition))
    assert estimated.pages == pytest.approx(build(database, definition)[0], rel=0.33, abs=2)


def test_groups_that_the_sample_hides_are_counted(database: Database) -> None:
    """ANALYZE reads a part of the blocks here, and finds several rows of one order in each."""
    database.execute(f"ALTER DATABASE {database.name} SET default_statistics_target = 10")
    database.execute(
        """
        CREATE EXTENSION pageinspect;
        CREATE TABLE t (order_id int, number int, pad text);
        INSERT INTO t SELECT o, n, repeat('x', 400) FROM generate_series(1, 40000) o, generate_series(1, 5) n
        ORDER BY o, n;
        ANALYZE t
        """
    )
    snapshot = read_snapshot(database.dsn, with_schema=False)
    (known,) = (row for row in snapshot.statistics if row.column == "order_id")
    assert known.distinct_count(200_000) < 25_000
    estimated = estimate_size(index("order_id"), snapshot, 200_000)
    # 25 samples gave 309 to 338 pages; the index has 286.
    assert estimated.pages == pytest.approx(build(database, index("order_id"))[0], rel=0.3)


def test_a_foreign_key_bounds_the_combinations(data: tuple[Database, Snapshot]) -> None:
    _, snapshot = data
    definition = index("hole, small")
    key = ForeignKey(
        "fk", definition.table, ("hole", "small"), QualifiedName("public", "v"), ("id", "id"),
        on_delete="no action", on_update="no action", is_validated=True, is_inherited=False, definition="",
    )  # fmt: skip
    bounded = estimate_size(definition, replace(snapshot, foreign_keys=(key,)), ROWS)
    assert bounded.pages < 0.6 * estimate_size(definition, snapshot, ROWS).pages


def test_nulls_of_a_unique_index_are_not_deduplicated(data: tuple[Database, Snapshot]) -> None:
    database, _ = data
    database.execute("CREATE TABLE u AS SELECT CASE WHEN id % 2 = 0 THEN id END AS half FROM t; ANALYZE u")
    definition = replace(index("half", table="u"), is_unique=True)
    estimated = estimate_size(definition, read_snapshot(database.dsn, with_schema=False), ROWS)
    assert estimated.pages == pytest.approx(build(database, definition)[0], rel=0.1)


def test_an_empty_index_has_its_metapage_only(data: tuple[Database, Snapshot]) -> None:
    assert estimate_size(index("id"), data[1], 0) == IndexSize(1, 0, 0)
    for keys in ("tags", "doc", "doc jsonb_path_ops"):
        assert estimate_size(index(keys, method="gin"), data[1], 0) == IndexSize(2, 0, 0)  # and its root


def test_nothing_is_needed_but_the_table(data: tuple[Database, Snapshot]) -> None:
    """No statistics yet, or the values left out on request: an estimate all the same."""
    _, snapshot = data
    hidden = tuple(
        replace(
            row, common_values=None, common_frequencies=None, histogram=None, common_elements=None,
            common_element_frequencies=None, element_count_histogram=None,
        )
        for row in snapshot.statistics
    )  # fmt: skip
    for definition in (*BTREES, *OTHERS):
        for poor in (replace(snapshot, statistics=()), replace(snapshot, statistics=hidden)):
            size = estimate_size(definition, poor, ROWS)
            assert 1 <= size.pages < 100 * ROWS


def test_hidden_values_leave_a_text_index_within_a_fifth(data: tuple[Database, Snapshot]) -> None:
    database, snapshot = data
    hidden = replace(
        snapshot,
        statistics=tuple(
            replace(row, common_values=None, common_frequencies=None, histogram=None) for row in snapshot.statistics
        ),
    )
    assert estimate_size(index("key"), hidden, ROWS).pages == pytest.approx(build(database, index("key"))[0], rel=0.2)


def test_width_and_height_of_an_existing_index(data: tuple[Database, Snapshot]) -> None:
    database, snapshot = data
    definition = index("id", include="key")
    assert key_width(definition, snapshot) == 4 + 37
    assert key_width(definition, snapshot, with_included=False) == 4
    pages, height = build(database, definition)
    assert tree_height(pages, 4) == height
