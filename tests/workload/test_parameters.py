import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape
from pgwright.twin.twin import open_twin
from pgwright.workload.parameters import Case, choose_values, infer_values, value_cases
from tests.support.database import Database

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


def cases(snapshot: Snapshot, text: str, *, calls: int = 0, rows: int = 0) -> tuple[Case, ...]:
    one = statement(text, calls=calls, rows=rows)
    shape = read_shape(text, Schema.of(snapshot))
    return value_cases(one, shape, snapshot, infer_values(one, shape, snapshot))


def values_of(found: tuple[Case, ...]) -> list[tuple[str | None, ...]]:
    assert sum(case.weight for case in found) == pytest.approx(1)
    assert all(case.weight > 0 for case in found)
    return [case.values for case in found if case.values is not None]


def test_skew_is_priced_with_a_common_and_a_rare_value(snapshot: Snapshot) -> None:
    """Half of the rows of a skewed key are in one value: it stands for that share of the calls."""
    found = cases(snapshot, "SELECT * FROM job JOIN job j ON j.id = job.id WHERE job.parent_id = $1")
    assert values_of(found)[0] == ("1",)
    assert len(found) in (2, 3)
    assert found[0].weight < 0.1, "it has 2.5 % of the rows"


def test_each_status_counts_alike(snapshot: Snapshot) -> None:
    found = cases(snapshot, "SELECT * FROM job WHERE status = $1 ORDER BY at LIMIT $2")
    assert {values[0] for values in values_of(found)} == {"done", "pending"}
    assert min(case.weight for case in found) >= 1 / 3


def test_a_column_without_skew_gives_one_case(snapshot: Snapshot) -> None:
    assert len(cases(snapshot, "SELECT * FROM job WHERE id = $1")) == 1


def test_the_mean_of_the_cases_is_what_was_observed(snapshot: Snapshot) -> None:
    found = cases(snapshot, "SELECT * FROM job WHERE parent_id = $1", calls=10, rows=2_000)
    expected = {"1": 500.0}
    mean = sum(case.weight * expected.get((case.values or ("",))[0] or "", 39.0) for case in found)
    assert len(found) > 1
    assert mean == pytest.approx(200, rel=0.1)


def test_a_count_tells_nothing_of_the_rows_behind_it(snapshot: Snapshot) -> None:
    counted = cases(snapshot, "SELECT count(*) FROM job WHERE parent_id = $1", calls=10, rows=10)
    assert counted == cases(snapshot, "SELECT count(*) FROM job WHERE parent_id = $1")
    assert len(counted) > 1


def test_an_inferred_value_is_certain(snapshot: Snapshot) -> None:
    found = cases(snapshot, "SELECT * FROM job WHERE status = $1", calls=10, rows=1_970)
    assert values_of(found) == [("pending",)]


@pytest.mark.parametrize(
    ("condition", "order"),
    [("at >= $1 AND at < $2", (0, 1)), ("at < $1 AND at > $2", (1, 0)), ("at BETWEEN $1 AND $2", (0, 1))],
)
def test_a_range_has_something_between_its_ends(snapshot: Snapshot, condition: str, order: tuple[int, int]) -> None:
    found = values_of(cases(snapshot, f"SELECT * FROM job WHERE {condition}"))
    assert len(found) == 3
    low, high = order
    for values in found:
        assert (values[low] or "") < (values[high] or "")
    assert len({values[high] for values in found}) == 1, "each reaches to the latest"


def test_an_open_range_of_times_takes_the_latest_part(snapshot: Snapshot) -> None:
    bounds = snapshot.statistics_by_column[(snapshot.tables[0].name, "at")].histogram or ()
    found = values_of(cases(snapshot, "SELECT * FROM job WHERE at > $1"))
    assert found[0] == (bounds[-2],)
    (paged,) = values_of(cases(snapshot, "SELECT * FROM job WHERE at < $1 ORDER BY at DESC LIMIT $2"))
    assert (paged[0] or "") > bounds[len(bounds) // 2]


def test_only_the_most_skewed_parameter_varies(snapshot: Snapshot) -> None:
    found = values_of(cases(snapshot, "SELECT * FROM job WHERE parent_id = $1 AND at > $2 AND status = $3"))
    assert 2 <= len(found) <= 4
    varying = [number for number in range(3) if len({values[number] for values in found}) > 1]
    assert len(varying) == 1


PLAIN = """
CREATE EXTENSION vector;
CREATE TABLE doc (id int PRIMARY KEY, title text, tags text[], body jsonb, words tsvector, during int4range,
    place vector(3), flags bit(4));
INSERT INTO doc SELECT i, 't%' || md5(i::text), ARRAY['a' || i % 50, 'b' || i % 30], jsonb_build_object('k', i % 99),
    to_tsvector('simple', 'word' || i % 70 || ' other' || i % 9), int4range(i, i + 5), ARRAY[i, 1, 2]::float4[]::vector,
    (i % 16)::bit(4) FROM generate_series(1, 20000) i;
ANALYZE doc;
"""
TYPED = [
    "title LIKE $1", "title ILIKE $1", "title ~ $1", "tags @> $1", "tags && $1", "$1 = ANY (tags)", "body @> $1",
    "body ? $1", "body ?| $1", "body @? $1", "body @@ $1", "words @@ $1", "during && $1", "during @> $1", "flags = $1",
    "id IN ($1, $2, $3)", "id = ANY ($1)", "id <> $1", "title <> ALL ($1)", "place <-> $1 < $2",
]  # fmt: skip


def test_values_of_every_type_are_taken_by_the_server(database: Database, twin_server: EmbeddedServer) -> None:
    """No error, and a plan that does work: nothing was NULL."""
    database.execute(PLAIN)
    snapshot = read_snapshot(database.dsn)
    texts = [f"SELECT * FROM doc WHERE {condition}" for condition in TYPED]
    texts.append("SELECT * FROM doc ORDER BY place <=> $1 LIMIT $2")
    known = {text: cases(snapshot, text) for text in texts}
    with open_twin(snapshot, twin_server) as twin:
        for text, found in known.items():
            if "place <-> $1 < $2" in text:  # a distance is compared, and no column tells how far
                continue
            for values in values_of(found):
                assert twin.explain(text, values).total_cost > 0.1, (text, values)
    generic = [text for text, found in known.items() if found[0].values is None]
    assert generic == [], "nothing else falls back"


def test_a_pattern_is_as_long_as_its_rows_say_and_keeps_to_the_letter(database: Database) -> None:
    database.execute(PLAIN)
    snapshot = read_snapshot(database.dsn, with_schema=False)
    ((short,),) = values_of(cases(snapshot, "SELECT * FROM doc WHERE title LIKE $1", calls=1, rows=20_000))
    ((long,),) = values_of(cases(snapshot, "SELECT * FROM doc WHERE title LIKE $1", calls=10, rows=10))
    assert short is not None
    assert long is not None
    assert len(long) > len(short)
    assert long.startswith(r"t\%")
    assert long.endswith("%")


@pytest.mark.parametrize(("rows", "limit"), [(475, "1000000000"), (2_500, "25"), (500, "5")])
def test_a_limit_that_comes_back_by_no_whole_number_is_never_reached(snapshot: Snapshot, rows: int, limit: str) -> None:
    """Of a pattern the planner guesses how many rows it finds; 4.75 a call are all that there are."""
    asked = statement("SELECT id FROM job WHERE status ILIKE $1 ORDER BY at DESC LIMIT $2", calls=100, rows=rows)
    found = value_cases(asked, read_shape(asked.text, Schema.of(snapshot)), snapshot)
    assert {case.values[1] for case in found if case.values is not None} == {limit}
