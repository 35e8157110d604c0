import pytest

from conftest import Database
from pgwright.model.snapshot import Snapshot, Statement
from pgwright.planner.parameters import choose_values, infer_values
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape

# 200 pending of 20,000 jobs; parent 1 has 500 children, the others 39.
SCHEMA = """
CREATE TABLE job (id int PRIMARY KEY, status text, parent_id int, at timestamptz);
INSERT INTO job SELECT i, CASE WHEN i % 100 = 0 THEN 'pending' WHEN i % 33 = 0 THEN 'failed' ELSE 'done' END,
    CASE WHEN i <= 500 THEN 1 ELSE 2 + i % 500 END, now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
ANALYZE job;
"""


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    database.execute(SCHEMA)
    return read_snapshot(database.dsn, with_schema=False)


def statement(text: str, *, calls: int, rows: int) -> Statement:
    return Statement(1, text, "app", calls, 1.0, 1.0, 1.0, 0.0, rows, 0, 0, 0)


def inferred(snapshot: Snapshot, one: Statement) -> list[str]:
    return [found.value for found in infer_values(one, read_shape(one.text, Schema.of(snapshot)), snapshot)]


def chosen(snapshot: Snapshot, one: Statement) -> list[str | None] | None:
    return choose_values(one, read_shape(one.text, Schema.of(snapshot)), snapshot)


def test_rows_per_call_give_the_rare_status_away(snapshot: Snapshot) -> None:
    assert inferred(snapshot, statement("SELECT * FROM job WHERE status = $1", calls=10, rows=1_970)) == ["pending"]


def test_a_page_that_a_limit_always_fills_tells_nothing(snapshot: Snapshot) -> None:
    text = "SELECT * FROM job WHERE status = $1 ORDER BY at LIMIT $2"
    assert inferred(snapshot, statement(text, calls=10, rows=2_000)) == []
    assert inferred(snapshot, statement(text, calls=10, rows=1_977)) == ["pending"]


def test_rows_that_fit_no_value_tell_nothing(snapshot: Snapshot) -> None:
    assert inferred(snapshot, statement("SELECT * FROM job WHERE status = $1", calls=10, rows=30)) == []


def test_a_column_with_many_values_is_no_status(snapshot: Snapshot) -> None:
    assert inferred(snapshot, statement("SELECT * FROM job WHERE parent_id = $1", calls=1, rows=500)) == []


def test_a_limit_is_at_least_the_rows_that_came_back(snapshot: Snapshot) -> None:
    values = chosen(snapshot, statement("SELECT * FROM job WHERE at < $1 LIMIT $2", calls=10, rows=195))
    assert values is not None
    assert values[1] == "20"


def test_a_busy_parent_is_taken_where_many_rows_come_back(snapshot: Snapshot) -> None:
    text = "SELECT * FROM job WHERE parent_id = $1"
    assert chosen(snapshot, statement(text, calls=1, rows=450)) == ["1"]
    (ordinary,) = chosen(snapshot, statement(text, calls=10, rows=390)) or [None]
    assert ordinary not in (None, "1")


def test_an_array_holds_as_many_keys_as_rows_came_back(snapshot: Snapshot) -> None:
    (array,) = chosen(snapshot, statement("SELECT * FROM job WHERE id = ANY ($1)", calls=10, rows=70)) or [None]
    assert array is not None
    assert array.count(",") == 6


def test_values_of_one_list_differ(snapshot: Snapshot) -> None:
    values = chosen(snapshot, statement("SELECT * FROM job WHERE id IN ($1, $2, $3)", calls=1, rows=3))
    assert values is not None
    assert len(set(values)) == 3


def test_without_statistics_the_generic_plan_has_to_do(database: Database) -> None:
    database.execute("CREATE TABLE bare (id int)")
    snapshot = read_snapshot(database.dsn, with_schema=False)
    assert chosen(snapshot, statement("SELECT * FROM bare WHERE id = $1", calls=1, rows=1)) is None
