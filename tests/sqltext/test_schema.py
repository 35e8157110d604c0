"""The tables and columns that names may mean."""

from pgwright.model.names import QualifiedName
from pgwright.sqltext import ColumnUse, Condition, Schema, SortKey, read_shape
from tests.support.statements import SCHEMA, T, block


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
