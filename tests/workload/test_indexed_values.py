"""What a partial index in use is made for is what the statement asks for."""

from __future__ import annotations

import pytest

from pgwright.model.index import Index
from pgwright.sqltext import Schema, read_shape
from pgwright.workload.parameters import infer_values
from tests.support.builders import make_index, make_snapshot, make_statement, make_table

TABLE = make_table("ticket", "id bigint, team int, status text, is_open bool, placed_at timestamptz", rows=50_000)
PAGE = "SELECT * FROM ticket WHERE status = $1 AND team = $2 ORDER BY placed_at LIMIT $3"


def partial(name: str, keys: str, predicate: str, *, scans: int = 9) -> Index:
    return make_index(name, "ticket", keys, predicate=predicate, scans=scans)


def inferred(text: str, *indexes: Index) -> list[tuple[int, str]]:
    snapshot = make_snapshot(TABLE, indexes=indexes)
    one = make_statement(text, rows=20_000)
    return [
        (found.parameter, found.value) for found in infer_values(one, read_shape(text, Schema.of(snapshot)), snapshot)
    ]


@pytest.mark.parametrize("keys", ["team", "placed_at", "team, placed_at"])
def test_an_index_that_begins_with_what_is_looked_for_names_its_value(keys: str) -> None:
    assert inferred(PAGE, partial("one", keys, "(status = 'open'::text)")) == [(1, "open")]


def test_a_truth_is_a_value_too() -> None:
    text = "SELECT * FROM ticket WHERE is_open = $1 ORDER BY placed_at LIMIT $2"
    assert inferred(text, partial("one", "placed_at", "is_open")) == [(1, "t")]
    assert inferred(text, partial("one", "placed_at", "(NOT is_open)")) == [(1, "f")]


def test_an_index_that_nobody_uses_tells_nothing() -> None:
    assert inferred(PAGE, partial("one", "team", "status = 'open'", scans=0)) == []


def test_an_index_for_another_statement_tells_nothing() -> None:
    assert inferred(PAGE, partial("one", "id", "status = 'open'")) == []
    assert inferred(PAGE, partial("one", "team", "status IN ('open', 'new')")) == []
    assert inferred("SELECT * FROM ticket WHERE team = $1", partial("one", "team", "status = 'open'")) == []


def test_two_values_tell_nothing() -> None:
    both = partial("one", "team", "status = 'open'"), partial("two", "placed_at", "status = 'done'")
    assert inferred(PAGE, *both) == []
