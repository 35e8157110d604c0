"""Keys tell calls apart; what stands under one is read by the same code only."""

from __future__ import annotations

import enum
import math
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pgwright_runtime.caching import JSON, float32, pydantic
from pgwright_runtime.caching.entries import StoredValue, key_of, normalised, unpack
from pgwright_runtime.caching.settings import Lifetimes
from pgwright_runtime.caching.tables import table_names
from pgwright_runtime.caching.tags import are_covered, tags_read, tags_written
from runtime.tests.support.cached_shop import Item, Shelf

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


class Colour(enum.Enum):
    RED = 1


class Size(enum.StrEnum):
    SMALL = "small"


@given(PLAIN, PLAIN)
def test_two_calls_have_one_key_only_if_their_arguments_are_equal_and_of_one_type(one: Any, other: Any) -> None:
    assert (key_of("f", None, [one]) == key_of("f", None, [other])) is (repr(one) == repr(other) or _alike(one, other))


def _alike(one: Any, other: Any) -> bool:
    """Dicts are alike in any order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return repr(one) == repr(other)


def test_name_tenant_and_number_of_arguments_count() -> None:
    calls = [
        ("f", None, ["a"]),
        ("f", "a", []),
        ("fa", None, []),
        ("f", "", ["a"]),
        ("f", None, ["a", ""]),
        ("f", None, []),
    ]
    assert len({key_of(*call) for call in calls}) == len(calls)


def test_what_the_standard_library_has_for_values_has_a_key_and_a_member_of_a_text_enum_is_its_text() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    values = [Decimal("1.0"), UUID(int=1), moment, moment.date(), Colour.RED, 1.5, {"a"}, frozenset({"b"})]
    assert len({key_of("f", None, [value]) for value in values}) == len(values)
    assert key_of("f", None, [Size.SMALL]) == key_of("f", None, ["small"])


@pytest.mark.parametrize("value", [object(), len, Item, lambda: 1])
def test_what_is_equal_to_itself_alone_has_none(value: object) -> None:
    with pytest.raises(TypeError, match="key="):
        key_of("f", None, [value])


@pytest.mark.parametrize(
    "question", ["What is VACUUM?", " what\u00a0is\n vacuum ", "WHAT IS \uff36ACUUM ?!", "what is vacuum."]
)
def test_questions_that_look_alike_are_one(question: str) -> None:
    assert normalised(question) == "what is vacuum"


def test_an_entry_of_another_codec_or_format_is_not_read() -> None:
    packed = StoredValue("json", 0.25, b"[1]").pack()
    found = unpack(packed, "json")
    assert found is not None
    assert (found.body, found.computed_s) == (b"[1]", 0.25)
    assert unpack(packed, "bytes") is None
    assert unpack(b"\x02" + packed[1:], "json") is None
    assert unpack(packed[:5], "json") is None


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3))
def test_a_vector_comes_back_as_it_was(vector: list[float]) -> None:
    codec = float32(3)
    stored = codec.encode(vector)
    assert len(stored) == 12
    assert list(codec.decode(stored)) == vector


def test_a_vector_of_another_dimension_is_refused_both_ways() -> None:
    with pytest.raises(ValueError, match="3 dimensions"):
        float32(3).encode([1.0, 2.0])
    with pytest.raises(ValueError, match="3 dimensions"):
        float32(3).decode(b"\0" * 8)
    with pytest.raises(ValueError, match="at least"):
        float32(0)
    assert math.isclose(float32(1).decode(b"\0\0\xc0\x3f")[0], 1.5), sys.byteorder


@pytest.mark.parametrize("value", [(1,), {"a": [(1,)]}, {1: "a"}, object()])
def test_json_refuses_what_it_would_give_back_as_something_else(value: object) -> None:
    with pytest.raises(TypeError):
        JSON.encode(value)


def test_models_come_back_validated() -> None:
    class Answer(BaseModel):
        text: str

    codec = pydantic(list[Answer])
    assert codec.decode(codec.encode([Answer(text="a")])) == [Answer(text="a")]
    with pytest.raises(ValueError, match="text"):
        codec.decode(b'[{"text": 1}]')


def test_tables_are_named_in_any_way() -> None:
    assert table_names([Item, Shelf.__table__, "public.Note", '"Odd.Name"', 'a."B"']) == {
        *("item", "shelf", "note", "Odd.Name", "B")
    }
    with pytest.raises(TypeError, match="no model"):
        table_names([int])


@given(st.text(), st.text(), st.text(), st.text())
def test_a_tenants_write_meets_the_values_of_that_table_and_tenant_alone(
    own: str, other: str, table: str, another: str
) -> None:
    values = {(tenant, name): set(tags_read([name], tenant)) for tenant in (own, other) for name in (table, another)}
    for (tenant, name), tags in values.items():
        is_met = not tags.isdisjoint(tags_written(table, own))
        assert is_met == (tenant == own and name == table)
        assert not tags.isdisjoint(tags_written(table, None)) or name != table
        assert not tags.isdisjoint(tags_written(None, None))
        assert (not tags.isdisjoint(tags_written(None, own))) == (tenant == own)
    assert not set(tags_read([table], None)).isdisjoint(tags_written(table, own))
    assert not set(tags_read([table], None)).isdisjoint(tags_written(None, own))


_NAME = st.text("at#*%/", max_size=3)


@given(_NAME, _NAME, st.sampled_from("12"), st.sampled_from(["1", "2", None]), st.sampled_from([None, "a", "a#*/"]))
def test_a_write_of_known_rows_meets_what_reads_them_or_the_table(
    read: str, written: str, key: str, written_key: str | None, owner: str | None
) -> None:
    row = set(tags_read([], owner, {read: [key]}))
    whole = set(tags_read([read], owner))
    keys = None if written_key is None else frozenset([written_key])
    for tenant in (owner, None):
        tags = tags_written(written, tenant, keys)
        is_same = read == written or written == "*"
        assert whole.isdisjoint(tags) is not is_same
        assert row.isdisjoint(tags) is not (written == "*" or (read == written and written_key in (key, None)))
        assert not row.isdisjoint(tags_written(None, tenant))


def test_a_value_of_a_row_is_covered_by_one_of_the_row_or_the_table() -> None:
    row = tags_read(["u"], "7", {"t": ["1"]})
    for tables, rows, is_covered in (
        (["t", "u"], {}, True),
        (["u"], {"t": ["1", "2"]}, True),
        (["u"], {"t": ["2"]}, False),
        (["u"], {}, False),
        (["t"], {}, False),
        (["t#1", "t#*", "u"], {}, False),
    ):
        assert are_covered(row, set(tags_read(tables, "7", rows))) is is_covered
    assert not are_covered(row, set(tags_read(["t", "u"], "8")))


@pytest.mark.parametrize(
    "wrong", [{"ttl_s": 0}, {"ttl_s": 1, "none_ttl_s": 0}, {"ttl_s": 1, "jitter": 1}, {"ttl_s": 1, "early": -1}]
)
def test_lifetimes_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        Lifetimes(**wrong)


def test_values_that_came_together_do_not_end_together() -> None:
    lifetimes = {Lifetimes(100).of("x") for _ in range(50)}
    assert len(lifetimes) > 40
    assert all(90 <= each <= 100 for each in lifetimes)
