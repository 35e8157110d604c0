"""Columns and zones as the team states them."""

from __future__ import annotations

import pytest

from pgwright.errors import ConfigError
from pgwright.remedies import stated_times
from tests.support.builders import make_snapshot, make_table

SNAPSHOT = make_snapshot(
    make_table("notes", "id bigint, at timestamp without time zone, seen timestamp without time zone DEFAULT now()"),
    make_table("odd", "at timestamp without time zone DEFAULT '2026-01-01'::timestamp, of text"),
)


def test_a_stated_column_is_converted_in_its_zone() -> None:
    change = stated_times(["public.notes.seen=UTC", "notes.at=Europe/Berlin"], SNAPSHOT)
    assert change is not None
    assert [(one.column, one.to_type, one.time_zone) for one in change.columns] == [
        ("at", "timestamp with time zone", "Europe/Berlin"),
        ("seen", "timestamp with time zone", "UTC"),
    ]


def test_nothing_stated_is_nothing() -> None:
    assert stated_times([], SNAPSHOT) is None


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("notes.at", "names no column with its time zone"),
        ("at=UTC", "names no column with its time zone"),
        ("notes.at=Mars", "is no time zone"),
        ("notes.nothing=UTC", "the database has no column notes.nothing"),
        ("odd.of=UTC", "odd.of is text"),
        ("odd.at=UTC", "which is more than the present moment"),
    ],
)
def test_what_cannot_be_taken_at_its_word_is_an_error(stated: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        stated_times([stated], SNAPSHOT)
