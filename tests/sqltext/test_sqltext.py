import pytest

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext import (
    Block,
    Clause,
    ColumnUse,
    Condition,
    Distance,
    Expression,
    Join,
    ParameterUse,
    Schema,
    SortKey,
    read_shape,
)

T, U = QualifiedName("public", "t"), QualifiedName("public", "u")
SCHEMA = Schema({T: frozenset({"id", "a", "b", "u_id", "deleted_at", "Odd Name"}), U: frozenset({"id", "email"})})


def block(text: str) -> Block:
    (only,) = read_shape(text, SCHEMA).blocks
    return only


def test_conditions_joins_and_order_are_told_apart() -> None:
    found = block(
        "SELECT t.* FROM t JOIN u ON t.u_id = u.id WHERE a = $1 AND t.deleted_at IS NULL AND $2 < b "
        "ORDER BY b DESC NULLS LAST LIMIT $3 OFFSET 100"
    )
    assert found.conditions == (
        Condition(ColumnUse(T, "a"), "=", parameter=1),
        Condition(ColumnUse(T, "deleted_at"), "is null"),
        Condition(ColumnUse(T, "b"), "range", parameter=2),
    )
    assert found.joins == (Join(ColumnUse(T, "u_id"), ColumnUse(U, "id")),)
    assert found.order_by == (SortKey(ColumnUse(T, "b"), is_descending=True, nulls_first=False),)
    assert found.reads_all_of == {T}
    assert (found.has_limit, found.has_offset, found.offset) == (True, True, 100)


def test_parameters_know_their_column_and_the_direction_of_the_comparison() -> None:
    found = block("SELECT 1 FROM t WHERE ($1 > b OR id = ANY($2::text[])) LIMIT $3")
    assert found.parameters == (
        ParameterUse(3, "limit"),
        ParameterUse(1, "column", ColumnUse(T, "b"), "range", "<"),
        ParameterUse(2, "column", ColumnUse(T, "id"), "in", "=", is_array=True),
    )
    assert found.conditions == (), "what stands below OR is no conjunct"


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("UPDATE t SET a = $1 WHERE id = $2", "update", T),
        ("INSERT INTO u (email) VALUES ($1)", "insert", U),
        ("DELETE FROM t USING u WHERE t.u_id = u.id", "delete", T),
        ("SELECT 1", "select", None),
        ("SET work_mem = '1MB'", "other", None),
    ],
)
def test_the_kind_and_the_written_table(text: str, kind: str, target: QualifiedName | None) -> None:
    shape = read_shape(text, SCHEMA)
    assert (shape.kind, shape.target) == (kind, target)


def test_each_level_is_a_block_and_common_tables_are_nobodys() -> None:
    shape = read_shape(
        "WITH t AS (SELECT * FROM u WHERE email = $1) SELECT * FROM t WHERE EXISTS "
        "(SELECT FROM public.t x WHERE x.u_id = t.id)",
        SCHEMA,
    )
    assert [found.tables for found in shape.blocks] == [(U,), (), (T,)]
    assert shape.blocks[2].joins == (Join(ColumnUse(T, "u_id"), ColumnUse(U, "id")),)
    assert not shape.reads_unknown


def test_a_relation_that_the_schema_does_not_list_is_told() -> None:
    assert read_shape("SELECT * FROM some_view", SCHEMA).reads_unknown
    assert not read_shape("SELECT * FROM pg_class", SCHEMA).reads_unknown


def test_a_quoted_name_and_an_ordinal_are_resolved() -> None:
    found = block('SELECT a, "Odd Name" FROM t WHERE "Odd Name" = \'x\' ORDER BY 2')
    assert found.conditions[0] == Condition(ColumnUse(T, "Odd Name"), "=", value="x")
    assert found.order_by == (SortKey(ColumnUse(T, "Odd Name")),)


def test_the_search_path_decides_between_schemas() -> None:
    other = QualifiedName("app", "t")
    schema = Schema({T: frozenset({"id"}), other: frozenset({"id"})}, ("app", "public"))
    assert read_shape("SELECT id FROM t", schema).tables == {other}
    assert read_shape("SELECT id FROM public.t", schema).tables == {T}


@pytest.mark.parametrize("text", ["SELECT FROM WHERE $1", "SELECT 1; SELECT 2", "", "\x00"])
def test_what_cannot_be_parsed_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(UnparsableStatement):
        read_shape(text, SCHEMA)


def test_a_recursive_common_table_knows_itself() -> None:
    text = (
        "WITH RECURSIVE up AS (SELECT id FROM t UNION ALL SELECT t.id FROM t JOIN up ON t.u_id = up.id) SELECT FROM up"
    )
    assert not read_shape(text, SCHEMA).reads_unknown


def a(column: str) -> ColumnUse:
    return ColumnUse(T, column)


def b(column: str) -> ColumnUse:
    return ColumnUse(U, column)


def test_what_every_branch_of_an_or_has_is_a_conjunct() -> None:
    found = block(
        "SELECT 1 FROM t, u WHERE (t.id = u.id AND a = 1 AND b IN (2)) OR (u.id = t.id AND t.id = u.id AND b = 3)"
    )
    assert found.joins == (Join(a("id"), b("id")),)
    assert found.branches == (
        (Condition(a("a"), "=", "1"), Condition(a("b"), "in")),
        (Condition(a("b"), "=", "3"),),
    )
    assert found.conditions == ()


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


@pytest.mark.parametrize("join", ["t JOIN u USING (id)", "t NATURAL JOIN u", "t LEFT JOIN u USING (id)"])
def test_using_and_natural_joins(join: str) -> None:
    found = block(f"SELECT email FROM {join} WHERE id = 3")
    assert found.joins == (Join(a("id"), b("id")),)
    assert found.conditions == (Condition(a("id"), "=", "3"),)
    assert set(found.outputs) >= {a("id"), b("id"), b("email")}


def test_expressions_stand_with_bare_names() -> None:
    found = block(
        'SELECT 1 FROM t x WHERE lower(x."Odd Name") = $1 AND x.deleted_at::date = $2 AND x.a + x.b > x.id '
        "AND now() > x.deleted_at + interval '1 day' AND coalesce(a, $3) = 1 ORDER BY upper(b)"
    )
    assert found.expressions == (
        Expression(T, 'lower("Odd Name")', ("Odd Name",), "condition", "="),
        Expression(T, "CAST(deleted_at AS date)", ("deleted_at",), "condition", "=", cast_to="date"),
        Expression(T, "deleted_at + CAST('1 day' AS interval)", ("deleted_at",), "condition", "range"),
        Expression(T, "upper(b)", ("b",), "order"),
    )
    assert found.conditions == (Condition(a("deleted_at"), "=", parameter=2),)


def test_clauses_hold_constants_only_and_know_what_they_alone_read() -> None:
    found = block(
        "SELECT a FROM t JOIN u ON u.id = t.u_id WHERE t.a < t.b AND deleted_at IS NULL AND t.id > $1 "
        "AND email IN ('x', 'y') AND deleted_at < now()"
    )
    assert found.clauses == (
        Clause(T, "a < b", ("a", "b"), ("b",)),
        Clause(T, "deleted_at IS NULL", ("deleted_at",), ()),
        Clause(U, "email IN ('x', 'y')", ("email",), ("email",)),
    )


@pytest.mark.parametrize(
    ("text", "columns", "purpose"),
    [
        ("SELECT 1 FROM t ORDER BY a, lower(b)", ["a"], "order"),
        ("SELECT a, b FROM t GROUP BY 2, a", ["b", "a"], "group"),
        ("SELECT a, sum(b) FROM t GROUP BY ROLLUP (a)", ["a"], "group"),
        ("SELECT DISTINCT a, b FROM t", ["a", "b"], "distinct"),
        ("SELECT DISTINCT ON (b) a FROM t", ["b"], "distinct"),
        ("SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t", ["a", "b"], "window"),
        ("SELECT rank() OVER w FROM t WINDOW w AS (PARTITION BY b)", ["b"], "window"),
        ("SELECT max(a) FROM t", ["a"], "extreme"),
    ],
)
def test_what_is_sorted_by(text: str, columns: list[str], purpose: str) -> None:
    found = block(text)
    assert [(o.purpose, [k.column.column for k in o.keys]) for o in found.orderings] == [(purpose, columns)]
    assert found.order_by == ()


def test_other_operators_keep_their_symbol_with_the_column_on_the_left() -> None:
    found = block("SELECT 1 FROM t WHERE $1 <@ a AND b ILIKE $2 AND $3 = ANY (t.id) ORDER BY a <-> $4 LIMIT 3")
    assert [(c.column.column, c.operator, c.symbol) for c in found.conditions] == [
        ("a", "other", "@>"),
        ("b", "other", "~~*"),
        ("id", "other", "= any"),
    ]
    assert found.distances == (Distance(a("a"), "<->"),)


def test_merge_joins_its_source() -> None:
    shape = read_shape("MERGE INTO t USING u ON u.id = t.u_id WHEN MATCHED THEN UPDATE SET a = 1", SCHEMA)
    assert (shape.kind, shape.target) == ("merge", T)
    assert shape.blocks[0].joins == (Join(b("id"), a("u_id")),)


def test_a_statement_of_a_megabyte_is_read_and_one_nested_too_deeply_is_refused_with_a_reason() -> None:
    numbers = ",".join(map(str, range(100_000)))
    found = block(f"SELECT b FROM t WHERE a IN ({numbers}) AND deleted_at IS NULL")
    assert found.conditions == (Condition(a("a"), "in"), Condition(a("deleted_at"), "is null"))
    assert [clause.columns for clause in found.clauses] == [("deleted_at",)], "no index holds so long a list"
    flat = block("SELECT 1 FROM t WHERE " + " OR ".join(f"a = {number}" for number in range(20_000)))
    assert 0 < len(flat.branches) < 100
    with pytest.raises(UnparsableStatement, match="nested too deeply"):
        read_shape("SELECT 1 FROM t WHERE a = " + "+".join(["b"] * 20_000), SCHEMA)


def test_rows_are_compared_column_by_column() -> None:
    found = block("SELECT 1 FROM t WHERE (a, b) IN ((1, 2), (3, 4)) AND (t.id, u_id) > ($1, $2)")
    assert found.conditions == (Condition(a("a"), "in"), Condition(a("b"), "in"))
    assert found.lookups == (Condition(a("id"), "range"), Condition(a("u_id"), "range"))
    assert (found.expressions, found.clauses) == ((), ())
