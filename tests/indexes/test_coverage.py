"""What can be told without a server; what the server can do is told in the tests beside this one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.indexes.coverage import enforces_as, is_covered, is_served, replaces, searches_as, serves_equality
from pgwright.model.index import Index, IndexKey
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_table

TABLE = make_table("t", "a integer NOT NULL, b integer, s text, v character varying(9), tags integer[]")


def index(keys: str | list[IndexKey], **fields: object) -> Index:
    return make_index("ix", "t", keys, **fields)


def does(x: Index, y: Index) -> bool:
    return searches_as(x.definition, y.definition, TABLE)


def test_an_index_of_another_table_does_nothing_here() -> None:
    other = make_index("ix", "u", "a")
    assert not does(other, index("a"))
    assert not enforces_as(replace(other.definition, is_unique=True), index("a", is_unique=True).definition)


def test_a_whole_index_is_no_partial_one_although_it_could_be_read_instead() -> None:
    assert not does(index("a"), index("a", predicate="v = 'new'"))
    assert not does(index("a", predicate="v = 'new'"), index("a"))


def test_null_stands_at_one_end_so_that_an_index_of_all_rows_is_as_narrow() -> None:
    filled = index("b", predicate="(b IS NOT NULL)")
    assert does(index("b, a"), filled)
    assert not does(index("a, b"), filled)
    assert not does(filled, index("b"))


def test_not_null_columns_make_a_predicate_vain() -> None:
    assert does(index("b"), index("b", predicate="a IS NOT NULL"))
    assert not does(index("a"), index("a", predicate="b IS NOT NULL"))
    without_table = index("b").definition, index("b", predicate="a IS NOT NULL").definition
    assert not searches_as(*without_table)


def test_the_collation_of_the_column_may_be_named_or_not() -> None:
    table = replace(TABLE, columns=tuple(replace(one, collation='"C"') for one in TABLE.columns))
    named, plain = index([IndexKey("s", collation='"C"')]).definition, index("s").definition
    assert searches_as(named, plain, table)
    assert searches_as(plain, named, table)
    assert not searches_as(named, plain, TABLE)


def test_storage_parameters_matter_where_they_change_what_is_found() -> None:
    def pair(method: str, one: str, other: str) -> bool:
        fields = ((one,), (other,))
        first, second = (index("a", method=method, parameters=each) for each in fields)
        return does(first, second)

    assert pair("btree", "fillfactor=70", "fillfactor=90")
    assert pair("gin", "fastupdate=off", "fastupdate=on")
    assert not pair("brin", "pages_per_range=8", "pages_per_range=128")
    assert not pair("hnsw", "m=16", "m=32")
    assert not pair("ivfflat", "lists=10", "lists=100")


def test_a_unique_index_replaces_a_plain_one_and_not_the_other_way_round() -> None:
    unique, plain = index("a", is_unique=True).definition, index("a").definition
    assert replaces(unique, plain, TABLE)
    assert searches_as(plain, unique, TABLE)
    assert not replaces(plain, unique, TABLE)


def test_a_longer_unique_index_enforces_less() -> None:
    short, long = index("a", is_unique=True).definition, index("a, b", is_unique=True).definition
    assert searches_as(long, short, TABLE)
    assert not enforces_as(long, short, TABLE)


@pytest.mark.parametrize(
    ("keys", "fields", "columns", "is_found"),
    [
        ("a, b", {}, ("b", "a"), True),
        ("a DESC, b, s", {}, ("a", "b"), True),
        ("a, s, b", {}, ("a", "b"), False),
        ("a", {"predicate": "(a IS NOT NULL)"}, ("a",), True),
        ("b", {"predicate": "(a IS NOT NULL)"}, ("b",), False),
        ("a", {"predicate": "(b > 0)"}, ("a",), False),
        ("a", {"method": "hash"}, ("a",), True),
        ("a", {"method": "brin"}, ("a",), False),
        ("b, a", {"method": "gin"}, ("a",), True),
        ("tags", {"method": "gin"}, ("tags",), False),
        ("a, b", {"method": "gist"}, ("a",), True),
        ("a, b", {"method": "gist"}, ("b",), False),
        ("a, tags", {"method": "gist"}, ("a",), True),
        ("tags, a", {"method": "gist"}, ("a",), False),
        ("tags", {"method": "gist"}, ("tags",), False),
        ([IndexKey("s", operator_class="text_pattern_ops")], {}, ("s",), True),
        ([IndexKey("s", collation='"C"')], {}, ("s",), False),
        ([IndexKey("s", operator_class="gin_trgm_ops")], {"method": "gin"}, ("s",), False),
    ],
)
def test_rows_with_given_values_are_found(
    keys: str | list[IndexKey], fields: dict[str, object], columns: tuple[str, ...], is_found: bool
) -> None:
    assert serves_equality(index(keys, **fields).definition, columns, TABLE) is is_found


def test_a_table_is_served_by_its_partitions_together_or_not_at_all() -> None:
    tables = (
        make_table("p", "a int", kind="partitioned table"),
        make_table("p_1", "a int", parent="p"),
        make_table("p_2", "a int", parent="p", kind="partitioned table"),
        make_table("p_2_1", "a int", parent="p_2"),
    )
    one, two = make_index("one", "p_1", "a"), make_index("two", "p_2_1", "a")
    both = make_snapshot(*tables, one, two)
    key = make_foreign_key("p", "a", "u")
    assert is_served(both, key)
    assert not is_served(both, key, without={two.name})
    assert not is_served(make_snapshot(*tables, one, replace(two, is_valid=False)), key)
    assert not is_served(make_snapshot(tables[0]), key)


def test_a_new_index_is_covered_by_a_valid_one_only() -> None:
    wanted = index("a").definition
    assert is_covered(wanted, make_snapshot(TABLE, index("a, b")))
    assert not is_covered(wanted, make_snapshot(TABLE, index("a, b", is_valid=False)))


def test_how_full_its_pages_are_does_not_keep_a_hash_index_from_the_work_of_another() -> None:
    assert does(index("a", method="hash", parameters=("fillfactor=70",)), index("a", method="hash"))
    narrow, wide = (index("a", method="brin", parameters=(f"pages_per_range={pages}",)) for pages in (4, 128))
    assert not does(narrow, wide)
    assert does(index("b, a", method="brin"), index("a", method="brin"))
