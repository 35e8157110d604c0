"""A statement to its blocks: kinds, tables, joins, parameters."""

import pytest

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext import ColumnUse, Condition, Join, ParameterUse, Schema, inner_query, read_index, read_shape
from tests.support.statements import SCHEMA, T, U, a, b, block


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


@pytest.mark.parametrize("text", ["SELECT FROM WHERE $1", "SELECT 1; SELECT 2", "", "\x00"])
def test_what_cannot_be_parsed_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(UnparsableStatement):
        read_shape(text, SCHEMA)


def test_a_recursive_common_table_knows_itself() -> None:
    text = (
        "WITH RECURSIVE up AS (SELECT id FROM t UNION ALL SELECT t.id FROM t JOIN up ON t.u_id = up.id) SELECT FROM up"
    )
    assert not read_shape(text, SCHEMA).reads_unknown


@pytest.mark.parametrize("join", ["t JOIN u USING (id)", "t NATURAL JOIN u", "t LEFT JOIN u USING (id)"])
def test_using_and_natural_joins(join: str) -> None:
    found = block(f"SELECT email FROM {join} WHERE id = 3")
    assert found.joins == (Join(a("id"), b("id")),)
    assert found.conditions == (Condition(a("id"), "=", "3"),)
    assert set(found.outputs) >= {a("id"), b("id"), b("email")}


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


def test_parameters_know_their_column_and_the_direction_of_the_comparison() -> None:
    found = block("SELECT 1 FROM t WHERE ($1 > b OR id = ANY($2::text[])) LIMIT $3")
    assert found.parameters == (
        ParameterUse(3, "limit"),
        ParameterUse(1, "column", ColumnUse(T, "b"), "range", "<"),
        ParameterUse(2, "column", ColumnUse(T, "id"), "in", "=", is_array=True, cast_to="text"),
    )
    assert found.conditions == (), "what stands below OR is no conjunct"


def test_an_index_of_an_unknown_table_where_no_schema_is_searched() -> None:
    definition = read_index("CREATE INDEX ON nowhere (a)", Schema({}, ()))
    assert str(definition.table) == "public.nowhere"


def test_select_into_is_planned_without_its_table() -> None:
    """The table that it made exists by then, so the planner refuses to make it once more."""
    into = "SELECT a, 'x INTO y' INTO UNLOGGED \"S\" . made FROM t WHERE a = $1"
    assert inner_query(into) == "SELECT a, 'x INTO y' FROM t WHERE a = $1"
    for text in ("SELECT a AS into FROM t", "SELECT t.into FROM t", "INSERT INTO t SELECT 1", "SELECT 'INTO x"):
        assert inner_query(text) == text
