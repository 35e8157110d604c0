from __future__ import annotations

import pytest

from pgwright.model.finding import Finding
from pgwright.model.statement import Statement
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    not_examined,
    run,
)

CHECK = "n-plus-one-suspect"
NOTEBOOKS = make_table("notebooks", "id bigint NOT NULL, user_id bigint", rows=900, primary_key=("id",))
SOURCES = make_table("sources", "id bigint NOT NULL, notebook_id bigint, deleted_at timestamptz", primary_key=("id",))
KEY = make_foreign_key("sources", "notebook_id", "notebooks")
PARENT = make_statement("SELECT id FROM notebooks WHERE user_id = $1", calls=100, rows=5_000, query_id=1)
OTHER = make_statement("SELECT id FROM notebooks ORDER BY id", calls=10, rows=3_000, query_id=3)
LAZY = "SELECT id FROM sources WHERE $1 = sources.notebook_id"
CHILD = make_statement(LAZY, calls=5_000, rows=15_000, query_id=2)
SINGLE = "SELECT id FROM notebooks WHERE id = $1"


def _run(*parts: object, observed_seconds: float | None = None) -> list[Finding]:
    return run(CHECK, make_snapshot(NOTEBOOKS, SOURCES, KEY, *parts, observed_seconds=observed_seconds))


def _begin(calls: int) -> Statement:
    return make_statement("BEGIN", calls=calls, total_ms=0.0)


def test_fires_when_a_statement_runs_once_for_each_row_of_another() -> None:
    (finding,) = _run(PARENT, CHILD)
    assert (finding.object, finding.confidence, finding.severity) == ("sources (notebook_id)", "likely", "high")
    assert finding.queries == (2, 1)
    assert evidence(finding)["parent"] == f"{PARENT.text} (100 calls, 5,000 rows)"
    assert evidence(finding)["its time"] == "5.00 s, 98.0 % of the workload"
    assert evidence(finding)["round trips saved"] == "4,900"
    assert "50.0 times for each call of another one, 1.00 times for each row" in finding.message


def test_the_severity_goes_by_the_time_that_is_saved() -> None:
    (finding,) = _run(PARENT, CHILD, observed_seconds=86_400.0)
    assert finding.worth is not None
    assert (finding.worth.saved_ms, finding.worth.saved_a_call_ms) == (4_900.0, 49.0)
    assert finding.severity == "medium"  # 4.9 s a day, but each list waits for 49 ms and 49 round trips
    assert evidence(finding)["with the way there and back"] == "7 s a day"
    few = make_statement(PARENT.text, calls=100, rows=500), make_statement(LAZY, calls=500, rows=1_500)
    assert [one.severity for one in _run(*few, observed_seconds=86_400.0)] == ["low"]
    (finding,) = _run(PARENT, CHILD, observed_seconds=3_600.0)
    assert finding.severity == "medium"


def test_quiet_when_calls_and_rows_do_not_agree() -> None:
    for calls in (400, 4_000, 6_000, 90_000):
        assert _run(PARENT, make_statement(LAZY, calls=calls)) == []


def test_quiet_for_few_calls() -> None:
    assert _run(make_statement(PARENT.text, calls=2, rows=20), make_statement(LAZY, calls=20)) == []


def test_quiet_when_the_parent_returns_single_rows() -> None:
    one = make_statement(SINGLE, calls=5_000, rows=5_000)
    assert _run(one, CHILD) == []


def test_beside_single_rows_the_rest_must_agree() -> None:
    single = make_statement(SINGLE, calls=3_000, rows=3_000)
    (finding,) = _run(PARENT, single, make_statement(LAZY, calls=8_000))
    assert (finding.confidence, evidence(finding)["of its calls, once a request"]) == ("likely", "3,000")
    # What agrees with rows and with single ones is the simpler: a page of one notebook.
    assert _run(PARENT, make_statement(SINGLE, calls=5_000, rows=5_000), CHILD) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM sources WHERE notebook_id = ANY($1)",
        "SELECT id FROM sources WHERE notebook_id IN ($1, $2)",
        "SELECT n.id FROM notebooks n WHERE EXISTS (SELECT FROM sources s WHERE s.notebook_id = $1)",
    ],
)
def test_quiet_when_no_row_is_fetched_by_a_single_key(text: str) -> None:
    assert _run(PARENT, make_statement(text, calls=5_000)) == []


def test_quiet_for_another_role() -> None:
    assert _run(make_statement(PARENT.text, calls=100, rows=5_000, role="report"), CHILD) == []


def test_quiet_for_tables_that_have_nothing_to_do_with_each_other() -> None:
    assert run(CHECK, make_snapshot(NOTEBOOKS, make_table("sources", "id bigint, other bigint"), PARENT, CHILD)) == []


def test_quiet_when_the_list_fetches_all_of_it_already() -> None:
    eager = (
        "SELECT n.id, s.id, s.notebook_id, s.deleted_at FROM notebooks n LEFT JOIN sources s ON s.notebook_id = n.id"
    )
    assert _run(make_statement(eager, calls=100, rows=5_000), CHILD) == []
    filtered = "SELECT n.id FROM notebooks n JOIN sources s ON s.notebook_id = n.id WHERE s.deleted_at IS NULL"
    assert _run(make_statement(filtered, calls=100, rows=5_000), CHILD)


@pytest.mark.parametrize(
    "condition",
    ["deleted_at IS NULL", "deleted_at > $2", "id = $2", "deleted_at IS NULL ORDER BY id DESC LIMIT $2"],
)
def test_further_conditions_do_not_hide_a_loop(condition: str) -> None:
    (finding,) = _run(PARENT, make_statement(f"{LAZY} AND {condition}", calls=5_000))
    assert finding.object == "sources (notebook_id)"


def test_a_reference_without_a_constraint_is_known_by_its_name() -> None:
    assert run(CHECK, make_snapshot(NOTEBOOKS, make_table("sources", "notebook_id bigint"), PARENT, make_statement(
        "SELECT notebook_id FROM sources WHERE notebook_id = $1", calls=5_000)))  # fmt: skip


def test_several_parents_explain_the_calls_together() -> None:
    (finding,) = _run(PARENT, OTHER, make_statement(LAZY, calls=8_000))
    assert finding.confidence == "likely"
    assert "each call of 2 others together" in finding.message
    assert {"parent, with others 1", "parent, with others 2"} <= set(evidence(finding))


def test_of_three_lists_a_pair_may_be_the_parents() -> None:
    third = make_statement("SELECT id, user_id FROM notebooks", calls=50, rows=50_000)
    (finding,) = _run(PARENT, OTHER, third, make_statement(LAZY, calls=8_000))
    assert finding.confidence == "likely"
    assert "each call of 2 others together" in finding.message


def test_with_more_lists_to_try_calls_and_rows_must_agree_more_closely() -> None:
    third = make_statement("SELECT id, user_id FROM notebooks", calls=50, rows=50_000)
    rough = make_statement(LAZY, calls=5_480)
    assert [one.confidence for one in _run(PARENT, rough)] == ["likely"]
    assert [one.confidence for one in _run(PARENT, OTHER, third, rough)] == ["possible"]


def test_of_parents_that_agree_equally_well_none_is_named_alone() -> None:
    twin = make_statement("SELECT id FROM notebooks WHERE id > $1", calls=100, rows=5_020, query_id=4)
    (finding,) = _run(PARENT, twin, CHILD)
    assert "each call of one of 2 others" in finding.message
    assert {"possible parent 1", "possible parent 2"} <= set(evidence(finding))
    assert finding.queries == (2,)


def test_more_calls_than_transactions_are_a_loop_whose_parent_may_be_unknown() -> None:
    list_of_all = make_statement(PARENT.text, calls=100, rows=9_000)
    (finding,) = _run(list_of_all, CHILD, _begin(600))
    assert (finding.confidence, finding.severity) == ("possible", "medium")
    assert "7.3 times a transaction" in finding.message
    assert "the counts do not tell" in finding.message
    assert _run(list_of_all, CHILD, _begin(6_000)) == []


def test_the_transactions_of_pg_dump_are_no_requests() -> None:
    list_of_all = make_statement(PARENT.text, calls=100, rows=9_000)
    dumps = make_statement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", calls=600, total_ms=0.0)
    assert _run(list_of_all, CHILD, _begin(600))
    assert _run(list_of_all, CHILD, _begin(600), dumps) == []
    assert _run(list_of_all, CHILD, dumps) == []


def test_a_stray_begin_of_a_role_that_commits_each_statement_tells_nothing() -> None:
    others = [
        make_statement(f"SELECT count(*) FROM notebooks WHERE id > {n}", query_id=20 + n, calls=50) for n in range(4)
    ]
    list_of_all = make_statement(PARENT.text, calls=100, rows=9_000)
    assert _run(list_of_all, CHILD, _begin(1), *others) == []
    assert _run(list_of_all, CHILD, _begin(600), *others)


def test_a_statement_that_runs_beside_one_in_a_loop_is_in_it_too() -> None:
    covers = make_table("covers", "id bigint NOT NULL, source_id bigint", primary_key=("id",))
    key = make_foreign_key("covers", "source_id", "sources")
    first = make_statement(f"{LAZY} LIMIT $2", calls=5_000, rows=5_000)
    cover = make_statement("SELECT id FROM covers WHERE source_id = $1", calls=5_000, rows=5_000)
    found = _run(covers, key, PARENT, first, cover)
    assert {finding.object for finding in found} == {"sources (notebook_id)", "covers (source_id)"}


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(NOTEBOOKS))


def test_statistics_tell_how_often_a_lookup_runs() -> None:
    """A session fetches each notebook once, however many of the sources refer to it."""
    listing = make_statement("SELECT id, notebook_id FROM sources ORDER BY id LIMIT $1", calls=100, rows=5_000)
    lookup = make_statement(SINGLE, calls=995, rows=995)
    ten = make_statistics("sources", "notebook_id", distinct=10.0)
    sources = make_table("sources", "id bigint NOT NULL, notebook_id bigint", rows=100_000, primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(NOTEBOOKS, sources, KEY, ten, listing, lookup))
    assert (finding.object, finding.confidence) == ("notebooks (id)", "likely")
    assert "for each different key in the rows" in finding.message
    many = make_statistics("sources", "notebook_id", distinct=900.0)
    assert run(CHECK, make_snapshot(NOTEBOOKS, sources, KEY, many, listing, lookup)) == []
    nulls = make_statistics("sources", "notebook_id", distinct=900.0, null_fraction=0.8)
    assert run(CHECK, make_snapshot(NOTEBOOKS, sources, KEY, nulls, listing, lookup))
