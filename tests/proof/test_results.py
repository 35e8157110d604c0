from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest

from pgwright.proof.results import alike, canonical, same_rows, varying_columns

KEY = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")


def test_a_key_is_the_same_however_it_is_written() -> None:
    assert canonical(str(KEY)) == canonical(KEY.hex) == canonical(str(KEY).upper()) == canonical(KEY)
    assert canonical({"id": str(KEY), "tags": ["a"]}) == canonical({"tags": ("a",), "id": KEY})


@dataclass(frozen=True)
class View:
    id: object
    title: str


def test_a_key_is_the_same_whichever_driver_read_it() -> None:
    read = pytest.importorskip("asyncpg.pgproto.pgproto").UUID(str(KEY))
    assert type(read) is not UUID
    assert alike(canonical((read, 1)), canonical((str(KEY), 1)))
    assert same_rows([(read,)], [(KEY,)])


def test_a_key_inside_a_dataclass_is_a_key_too() -> None:
    assert canonical(View(str(KEY), "t")) == canonical(View(KEY, "t"))
    assert canonical([View(KEY, "t")]) != canonical([View(KEY, "u")])


def test_what_only_looks_like_a_key_stays_text() -> None:
    assert canonical("a0eebc99") == "a0eebc99"
    assert canonical(str(KEY) + "0") == str(KEY) + "0"


def test_containers_are_compared_by_what_they_hold() -> None:
    assert canonical([1, (2, [3])]) == canonical((1, [2, (3,)]))
    assert canonical({"b": 1, "a": [KEY.hex]}) == canonical({"a": [KEY], "b": 1})
    assert canonical({"a": 1}) != canonical({"a": 2})
    assert canonical({"a": 1}) != canonical({"b": 1})


def test_bytes_are_one_value_each() -> None:
    assert [canonical(value) for value in (b"ab", bytearray(b"ab"), None, 1.5)] == [b"ab", b"ab", None, 1.5]
    assert canonical(memoryview(b"ab")) == memoryview(b"ab")
    assert canonical(View) is View, "a class is no row"


def test_rows_in_another_order_are_the_same_rows() -> None:
    assert same_rows([(1,), (2,)], [(2,), (1,)])


def test_a_row_twice_is_not_a_row_once() -> None:
    assert not same_rows([(1,), (1,)], [(1,)])
    assert not same_rows([(1, "x")], [(1, "y")])
    assert not same_rows([(1,)], [("1",)])


def test_floats_are_the_same_to_nine_digits_and_numbers_exactly() -> None:
    assert same_rows([(1, 0.1 + 0.2), (2, 5e-324)], [(2, 5e-324), (1, 0.3)])
    assert not same_rows([(0.3,)], [(0.300001,)])
    assert same_rows([(float("nan"),)], [(float("nan"),)])
    assert not same_rows([(Decimal("0.30000000000000004"),)], [(Decimal("0.3"),)])


def test_a_column_varies_where_its_values_do_whatever_the_order_of_the_rows() -> None:
    assert varying_columns([(1, "a", 7), (2, "b", 8)], [(2, "b", 9), (1, "a", 7)]) == {2}
    assert varying_columns([(1,)], [(1,), (2,)]) == {0}
