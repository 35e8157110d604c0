"""Cursors: exact for every type, and worth nothing when anybody else made or changed them."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from pgwright_runtime.paging import (
    InvalidCursor,
    InvalidPageSize,
    Pager,
)
from pgwright_runtime.paging.cursors import MAX_LENGTH, VERSION, Cursor, decode, encode
from tests.support.database import Database

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)
CURSOR = Cursor(("Zoë 'x'", None, "7"), ("text", "timestamp with time zone", "bigint"), backward=False, shared=1)

# Each has values beside each other that a careless cursor would confuse.
VALUES = {
    "bigint": ["9007199254740992", "9007199254740993"],
    "boolean": ["false", "true"],
    "text": ["", "a", "a\tb", "ä", "日本"],
    "varchar(3)": ["abc", "abd"],
    "char(3)": ["a", "b"],
    "numeric": ["-Infinity", "0.1", "0.10000000000000000000000000000001", "1e30", "Infinity", "NaN"],
    "real": ["0.1", "0.10000001", "Infinity", "NaN"],
    "double precision": ["-Infinity", "0.1", "0.10000000000000002", "Infinity", "NaN"],
    "timestamptz": ["-infinity", "2026-01-01 00:00:00.000001+05:30", "2026-01-01 00:00:00.000002+05:30", "infinity"],
    "timestamp": ["0044-03-15 BC", "2026-01-01 00:00:00.123456", "2026-01-01 00:00:00.123457"],
    "date": ["-infinity", "2026-01-01", "infinity"],
    "time": ["23:59:59.999999", "24:00:00"],
    "interval": ["-1 day", "29 days 23:59:59.999999", "1 month", "31 days", "11 months 29 days", "1 year"],
    "uuid": ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
    "bytea": ["\\x", "\\x00", "\\x00ff"],
    "inet": ["10.0.0.1", "10.0.0.2"],
    "integer[]": ["{}", "{1}", "{1,2}"],
    "integer[][]": ["{{1,2}}", "{{1,3}}"],
    "text[]": ['{"NULL"}', '{"a,b"}', "{NULL}"],
    "int4range": ["empty", "(,1)", "[1,2)", "[1,3)", "[1,)"],
    "tstzrange": ["empty", "[-infinity,infinity)", "[2026-01-01 00:00:00.000001+00,2026-01-02 00:00:00+00)"],
    "jsonb": ["1", "2", '{"a": 1}'],
    '"Odd ""mood"': ["sad", "happy"],
}
things = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("v", NullType))
BY_VALUE = select(things.c.id).order_by(things.c.v)


def fill(database: Database, type_name: str, values: list[str]) -> list[int]:
    """Make a table of these values and a NULL; return the ids in the order of the values."""
    database.execute("CREATE TYPE \"Odd \"\"mood\" AS ENUM ('sad', 'happy')")
    database.execute(f"CREATE TABLE things (id int PRIMARY KEY, v {type_name})")
    listed = ", ".join(f"({number}, '{value}')" for number, value in enumerate(values))
    database.execute(f"INSERT INTO things VALUES {listed}, ({len(values)}, NULL)")
    return list(range(len(values) + 1))


@pytest.mark.parametrize("value", ["a", "ab", "abc"])
def test_only_the_spelling_that_was_given_out_is_a_cursor(value: str) -> None:
    """The last character of base64 holds bits that decoding drops: other characters would stand for the same bytes."""
    token = encode(replace(CURSOR, values=(value, None, "7")), order="o", key=SECRET)
    assert decode(token, order="o", keys=[SECRET]).values[0] == value
    others = [token[:-1] + chr(code) for code in range(33, 127) if chr(code) != token[-1]]
    for other in (*others, token + "=", token + "=="):
        with pytest.raises(InvalidCursor):
            decode(other, order="o", keys=[SECRET])


@pytest.mark.parametrize("type_name", VALUES)
def test_neighbours_of_every_type_are_told_apart(database: Database, type_name: str) -> None:
    ids = fill(database, type_name, VALUES[type_name])
    engine = create_engine(database.url("psycopg"))
    with Session(engine) as session:
        seen, cursor = [], None
        for _ in ids:
            page = PAGER.page(session, BY_VALUE, size=1, cursor=cursor)
            cursor = page.next
            seen += page.items
    engine.dispose()
    assert (seen, cursor) == (ids, None)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_cursor_of_one_driver_serves_another(database: Database, driver: str) -> None:
    ids = fill(database, "timestamptz", VALUES["timestamptz"])
    sync, other = create_engine(database.url("psycopg")), create_async_engine(database.url(driver))
    with Session(sync) as session:
        first = PAGER.page(session, BY_VALUE, size=2)
    async with AsyncSession(other) as reader:
        second = await PAGER.page(reader, BY_VALUE, size=9, cursor=first.next)
        back = await PAGER.page(reader, BY_VALUE, size=9, cursor=second.previous)
    sync.dispose()
    await other.dispose()
    assert first.items + second.items == ids
    assert back == replace(first, previous=None)


@given(
    values=st.lists(st.none() | st.text(), min_size=1, max_size=4),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_what_was_encoded_comes_back(values: list[str | None], flags: tuple[bool, bool]) -> None:
    cursor = Cursor(tuple(values), ("text",) * len(values), *flags, shared=2)
    token = encode(cursor, order="a", key=SECRET)
    assert decode(token, order="a", keys=[SECRET]) == cursor
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(data=st.data())
def test_no_character_can_be_changed_removed_or_added(data: st.DataObject) -> None:
    token = encode(CURSOR, order="a", key=SECRET)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = data.draw(st.text(max_size=2).filter(lambda characters: characters != token[place]))
    with pytest.raises(InvalidCursor):
        decode(token[:place] + changed + token[place + 1 :], order="a", keys=[SECRET])


@pytest.mark.parametrize("token", ["", "a", "=", "é", "AAAA", "\0", "A" * MAX_LENGTH, "A" * (MAX_LENGTH + 1), None, 7])
def test_what_is_no_cursor_is_refused(token: Any) -> None:
    with pytest.raises(InvalidCursor):
        decode(token, order="a", keys=[SECRET])


def test_a_cursor_of_another_order_secret_or_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = encode(CURSOR, order="a", key=SECRET)
    with pytest.raises(InvalidCursor, match="another order"):
        decode(token, order="b", keys=[SECRET])
    with pytest.raises(InvalidCursor):
        decode(token, order="a", keys=[SECRET + b"."])
    monkeypatch.setattr("pgwright_runtime.paging.cursors.VERSION", VERSION + 1)
    with pytest.raises(InvalidCursor, match="another version"):
        decode(token, order="a", keys=[SECRET])


def test_even_a_signed_type_name_cannot_carry_sql() -> None:
    token = encode(replace(CURSOR, types=("text", "text", "text); DROP TABLE x; --")), order="a", key=SECRET)
    with pytest.raises(InvalidCursor, match="type"):
        decode(token, order="a", keys=[SECRET])


def test_a_sort_value_too_long_for_a_cursor_is_named() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode(replace(CURSOR, values=("x" * MAX_LENGTH, None, "7")), order="a", key=SECRET)


@pytest.mark.parametrize("size", [0, -1, 1_001, 2**70, True, "10", 1.5])
def test_a_size_out_of_range_is_refused(size: Any) -> None:
    with pytest.raises(InvalidPageSize, match="1 to 1,000"):
        Pager(secret=SECRET, max_size=1_000).page(Session(), BY_VALUE, size=size)


@pytest.mark.parametrize(
    ("default", "most"),
    [(0, 10), (11, 10), (-1, -1), (None, 0), (5, "10"), (5, 10.0), ("5", 10), (5.0, 10), (True, 10)],
)
def test_sizes_of_no_use_are_refused(default: Any, most: Any) -> None:
    with pytest.raises(ValueError, match=r"_size is .* must be a whole number"):
        Pager(secret=SECRET, default_size=default, max_size=most)


@pytest.mark.parametrize("secret", [b"", b"short", "short", b"fifteen letters", 16, None, [], [SECRET, b"short"]])
def test_a_secret_that_could_be_guessed_is_refused(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        Pager(secret=secret)


def test_a_secret_is_not_shown() -> None:
    pager = Pager(secret="a text of more than enough characters")
    public = {name: value for name, value in vars(pager).items() if not name.startswith("_")}
    assert "enough" not in f"{pager!r} {public}"
    assert not is_dataclass(pager)  # whose asdict() would show it


def test_without_a_size_a_page_has_50_rows_or_as_many_as_are_allowed() -> None:
    assert [Pager(secret=SECRET, max_size=most).default_size for most in (20, 50, 200)] == [20, 50, 50]


def test_a_pager_with_other_options_keeps_the_rest() -> None:
    pager = Pager(secret=["n" * 16, "o" * 16], max_size=100, cap=7)
    other = pager.replace(max_size=20, total="capped")
    assert repr(other) == "Pager(default_size=20, max_size=20, total='capped', cap=7)"
    assert other._keys == pager._keys == (b"n" * 16, b"o" * 16)
    assert pager.replace(secret=SECRET)._keys == (SECRET,)
    with pytest.raises(ValueError, match="default_size is 50"):
        pager.replace(default_size=50, max_size=20)


@pytest.mark.parametrize("secret", ["sixteen letters!", b"sixteen letters!", ["sixteen letters!"]])
def test_a_secret_is_text_or_bytes(secret: Any) -> None:
    assert Pager(secret=secret)._keys == (b"sixteen letters!",)


def test_a_secret_can_be_changed_while_cursors_are_out(database: Database) -> None:
    ids = fill(database, "text", ["a", "b", "c"])
    engine = create_engine(database.url("psycopg"))
    old, both, new = Pager(secret="o" * 16), Pager(secret=["n" * 16, "o" * 16]), Pager(secret="n" * 16)
    with Session(engine) as session:
        first = old.page(session, BY_VALUE, size=1)
        second = both.page(session, BY_VALUE, size=1, cursor=first.next)
        third = new.page(session, BY_VALUE, size=1, cursor=second.next)
        assert first.items + second.items + third.items == ids[:3]
        with pytest.raises(InvalidCursor):
            new.page(session, BY_VALUE, size=1, cursor=first.next)
        with pytest.raises(InvalidCursor):
            old.page(session, BY_VALUE, size=1, cursor=second.next)
    engine.dispose()
