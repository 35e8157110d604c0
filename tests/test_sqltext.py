import pytest

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext import ColumnUse, Condition, Join, ParameterUse, Schema, SortKey, read_shape

T, U = QualifiedName("public", "t"), QualifiedName("public", "u")
SCHEMA = Schema({T: frozenset({"id", "a", "b", "u_id", "deleted_at", "Odd Name"}), U: frozenset({"id", "email"})})


def block(text: str):
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
    assert shape.blocks[2].conditions == (Condition(ColumnUse(T, "u_id"), "="),)
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
