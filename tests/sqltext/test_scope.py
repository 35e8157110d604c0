"""Which table's column a name means, through subqueries and common tables."""

import pytest

from pgwright.sqltext import Condition, Join, read_shape
from tests.support.statements import SCHEMA, T, U, a, b


def test_a_reference_to_the_block_around_is_a_join_of_both_blocks_and_read_there() -> None:
    shape = read_shape("SELECT email FROM u WHERE EXISTS (SELECT FROM t WHERE u_id = u.id AND b > u.email)", SCHEMA)
    outer, inner = shape.blocks
    assert outer.joins == inner.joins == (Join(a("u_id"), b("id")),)
    assert set(outer.outputs) == {b("email"), b("id")}
    assert inner.lookups == (Condition(a("b"), "range"),)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM u WHERE id IN (SELECT u_id FROM t)",
        "SELECT 1 FROM u WHERE u.id = ANY (SELECT u_id FROM t WHERE a = 1)",
        "SELECT 1 FROM u, (SELECT u_id AS k FROM t) AS x WHERE x.k = id",
        "SELECT 1 FROM u JOIN (SELECT * FROM t) x ON x.u_id = u.id",
        "SELECT 1 FROM u, (SELECT a, u_id FROM t) AS x (p, q) WHERE q = id",
        "WITH x AS (SELECT u_id FROM t) SELECT 1 FROM u, x WHERE x.u_id = u.id",
        "SELECT 1 FROM u, LATERAL (SELECT 1 FROM t WHERE t.u_id = u.id) x",
        "SELECT 1 FROM u WHERE (id, email) IN (SELECT u_id, a FROM t)",
    ],
)
def test_a_join_reaches_the_table_behind_a_subquery(text: str) -> None:
    blocks = [found for found in read_shape(text, SCHEMA).blocks if found.tables]
    assert {found.tables for found in blocks} == {(T,), (U,)}
    for found in blocks:
        assert {a("u_id"), b("id")} in [{join.left, join.right} for join in found.joins]


def test_each_arm_of_a_union_joins() -> None:
    text = "SELECT 1 FROM t x, (SELECT a AS k FROM t UNION ALL SELECT id FROM u) y WHERE y.k = x.b AND y.k = 5"
    outer, left, right = read_shape(text, SCHEMA).blocks
    assert outer.joins == (Join(a("a"), a("b")), Join(b("id"), a("b")))
    assert left.joins == (Join(a("a"), a("b")),)
    assert left.lookups == (Condition(a("a"), "=", "5"),)
    assert right.lookups == (Condition(b("id"), "=", "5"),)


@pytest.mark.parametrize(
    ("inner", "reaches"),
    [
        ("SELECT a AS k, count(*) FROM t GROUP BY a", "filter"),
        ("SELECT DISTINCT a AS k FROM t", "filter"),
        ("SELECT a AS k FROM t ORDER BY b LIMIT 5", "nothing"),
        ("SELECT a AS k, row_number() OVER () FROM t", "nothing"),
        ("SELECT a AS k FROM t", "both"),
    ],
)
def test_grouping_stops_a_join_and_a_limit_stops_a_filter_too(inner: str, reaches: str) -> None:
    shape = read_shape(f"SELECT 1 FROM u, ({inner}) x WHERE x.k = u.id AND x.k = 7", SCHEMA)
    (found,) = (one for one in shape.blocks if one.tables == (T,))
    assert bool(found.joins) == (reaches == "both")
    assert bool(found.lookups) == (reaches != "nothing")


def test_a_common_table_named_twice_is_planned_on_its_own() -> None:
    text = "WITH x AS {}(SELECT u_id FROM t) SELECT 1 FROM u, x, x y WHERE x.u_id = u.id AND y.u_id = u.id"
    assert not [found.joins for found in read_shape(text.format(""), SCHEMA).blocks if found.joins]
    inlined = read_shape(text.format("NOT MATERIALIZED "), SCHEMA)
    assert [found.joins for found in inlined.blocks if found.tables == (T,)] == [(Join(a("u_id"), b("id")),)]
