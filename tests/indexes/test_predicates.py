"""What can be told without a server; what the planner proves is told in the test beside this one."""

from __future__ import annotations

import pytest

from pgwright.indexes.predicates import implies, read_predicate
from pgwright.indexes.spelling import spell
from tests.support.builders import make_table

TABLE = make_table("t", "n integer, x numeric, f double precision, v character varying(9), s text, c character(3)")


def follows(given: str, wanted: str) -> bool:
    return implies(read_predicate(given, TABLE), read_predicate(wanted, TABLE))


def test_no_clause_says_nothing() -> None:
    assert implies(read_predicate("n > 1"), read_predicate(None))
    assert not implies(read_predicate(None), read_predicate("n > 1"))


def test_a_cast_is_dropped_only_where_it_changes_nothing() -> None:
    assert read_predicate("((v)::text = 'new'::text)", TABLE) == read_predicate("v = 'new'", TABLE)
    assert read_predicate("(c)::text = 'x'", TABLE) != read_predicate("c = 'x'", TABLE)
    assert read_predicate("n::text = '5'", TABLE) != read_predicate("n = 5", TABLE)
    assert spell("lower((v)::text)", TABLE) == spell("lower(v)", TABLE)
    assert spell("lower((c)::text)", TABLE) != spell("lower(c)", TABLE)


def test_long_lists_are_looked_into_as_far_as_the_planner_does() -> None:
    def numbers(count: int) -> str:
        return f"n IN ({', '.join(map(str, range(count)))})"

    assert follows(numbers(99), numbers(100))
    assert not follows(numbers(100), numbers(101))
    assert follows(numbers(101), numbers(101))


@pytest.mark.parametrize("value", ["'NaN'", "'Infinity'", "1e400", "n", "$1", "NULL", "now()"])
def test_what_is_no_plain_number_is_compared_by_its_text_alone(value: str) -> None:
    assert follows(f"f < {value}", f"f < {value}")
    assert not follows(f"f < {value}", "f < 2000")
    assert not follows("f < 0", f"f < {value}")


def test_an_integer_is_cast_to_meet_a_fraction_so_that_nothing_follows() -> None:
    assert not follows("n > 2", "n > 1.5")
    assert follows("x > 2", "x > 1.5")


@pytest.mark.parametrize("count", [100, 200, 300, 500, 900])
def test_what_is_nested_too_deep_to_be_printed_equals_itself(count: int) -> None:
    one, other = (f"{'lower(' * count}{column}{')' * count} = 'x'" for column in ("s", "v"))
    assert follows(one, one)
    assert not follows(one, other)
    assert not follows(f"n = 1 AND {one}", f"n = 2 AND {one}")


def test_a_column_may_be_named_with_its_table() -> None:
    assert read_predicate("t.n = 5 AND t.s IS NULL", TABLE) == read_predicate("n = 5 AND s IS NULL", TABLE)
    assert read_predicate("t.* IS NOT NULL", TABLE) != read_predicate("t IS NOT NULL", TABLE)


def test_the_minus_of_a_number_may_be_named_with_its_schema() -> None:
    assert read_predicate("n > OPERATOR(pg_catalog.-) 1", TABLE) == read_predicate("n > -1", TABLE)


@pytest.mark.parametrize("text", ["n >", "(" * 20_000, "s = 'it''s' AND", "", "n = 1; DROP TABLE t"])
def test_what_cannot_be_parsed_equals_itself(text: str) -> None:
    assert read_predicate(text, TABLE) == read_predicate(text, TABLE)
    assert not follows("n = 1", text)


@pytest.mark.parametrize(
    ("mirrored", "plain"), [("5 < n", "n > 5"), ("5 <= n", "n >= 5"), ("5 > n", "n < 5"), ("5 >= n", "n <= 5")]
)
def test_a_comparison_reads_alike_from_either_side(mirrored: str, plain: str) -> None:
    assert read_predicate(mirrored, TABLE) == read_predicate(plain, TABLE)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("n < 5", "n < 6"), ("n < 5", "n <= 5"), ("n < 5", "n <> 5"), ("n <= 5", "n < 6"), ("n <= 5", "n <> 6"),
        ("n > 5", "n > 4"), ("n > 5", "n >= 5"), ("n > 5", "n <> 5"), ("n >= 5", "n > 4"), ("n >= 5", "n <> 4"),
    ],
)  # fmt: skip
def test_a_range_proves_a_wider_one_and_what_lies_outside(given: str, wanted: str) -> None:
    assert follows(given, wanted)
    assert not follows(wanted, given)


def test_without_its_table_a_number_is_known_by_its_spelling() -> None:
    assert implies(read_predicate("n > 5"), read_predicate("n > 4"))
    assert not implies(read_predicate("n > '5'"), read_predicate("n > '4'"))
