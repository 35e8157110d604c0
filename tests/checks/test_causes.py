"""One cause, one finding: what its change mends stands under it, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.checks import run_checks, score_subjects, set_apart, unite_causes
from pgwright.model.change import CreateIndex
from pgwright.model.endpoints import StatementCost
from pgwright.model.finding import Finding, Severity
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.policy import Policy
from pgwright.model.worth import Worth
from tests.support.builders import (
    make_app,
    make_endpoint,
    make_foreign_key,
    make_problem,
    make_snapshot,
    make_statement,
    make_table,
    qualified,
    run,
)

NOTE = make_table("note", "id bigint, author_id bigint, at timestamptz, deleted_at timestamptz", rows=200_000)
AUTHOR = make_table("author", "id bigint", rows=100)
KEY = make_foreign_key("note", "author_id", "author")
LIVING = make_statement("SELECT * FROM note WHERE author_id = $1 AND deleted_at IS NULL", query_id=1)
COUNTED = make_statement("SELECT count(*) FROM note WHERE author_id = $1 AND deleted_at IS NULL", query_id=2)
SNAPSHOT = make_snapshot(NOTE, AUTHOR, KEY, LIVING, COUNTED)


def advised(
    *columns: str, table: str = "note", queries: tuple[int, ...] = (), severity: Severity = "medium", where: str = ""
) -> Finding:
    """Return a finding of the advisor."""
    keys = tuple(IndexKey(column) for column in columns)
    index = IndexDefinition("ix", qualified(table), keys, predicate=where or None)
    change = CreateIndex(index)
    about = f"{table} {index.outline}"
    return Finding(
        "missing-index", "indexes", severity, "likely", about, "", (), "", changes=(change,), queries=queries
    )


def told(check: str, about: str, *queries: int, **fields: str) -> Finding:
    """Return a finding of a check that asks for no change."""
    made = Finding(check, "queries", "medium", "likely", about, "", (), "", queries=queries)
    return replace(made, **fields)  # type: ignore[arg-type]


def keys(findings: tuple[Finding, ...]) -> dict[str, list[str]]:
    """Return the checks of the symptoms by the object of each finding."""
    return {finding.object: [one.check for one in finding.symptoms] for finding in findings}


def test_a_key_stands_under_an_index_that_begins_with_it() -> None:
    (key,) = run("unindexed-foreign-key", SNAPSHOT)
    (cause,) = unite_causes([key, advised("author_id", "at")], SNAPSHOT)
    assert (cause.check, cause.symptoms) == ("missing-index", (key,))


@pytest.mark.parametrize(
    "index", [advised("at", "author_id"), advised("author_id", where="deleted_at IS NULL"), advised("id")]
)
def test_a_key_that_the_index_does_not_find_stays(index: Finding) -> None:
    (key,) = run("unindexed-foreign-key", SNAPSHOT)
    assert len(unite_causes([key, index], SNAPSHOT)) == 2


def test_a_key_makes_its_cause_as_bad_as_it_is_and_the_order_follows() -> None:
    (key,) = run("unindexed-foreign-key", SNAPSHOT)
    cause, other = advised("author_id", severity="low"), advised("id", table="author", severity="low")
    assert key.severity == "medium"
    assert [(one.object, one.severity) for one in unite_causes([other, cause, key], SNAPSHOT)] == [
        ("note (author_id)", "medium"),
        ("author (id)", "low"),
    ]


def test_living_rows_stand_under_the_same_index_and_under_those_of_the_same_statements() -> None:
    living = run("missing-soft-delete-index", SNAPSHOT)
    assert [set(one.queries) for one in living] == [{1, 2}]
    same = advised("author_id", "at", where="deleted_at IS NULL")
    assert keys(unite_causes([*living, same], SNAPSHOT)) == {same.object: ["missing-soft-delete-index"]}
    one, other = advised("author_id", "at", queries=(1, 9)), advised("id", queries=(2,))
    assert keys(unite_causes([*living, one, other], SNAPSHOT)) == {
        one.object: ["missing-soft-delete-index"],
        other.object: [],
    }


def test_living_rows_stay_where_one_of_their_statements_is_not_served() -> None:
    living = run("missing-soft-delete-index", SNAPSHOT)
    elsewhere = advised("id", table="author", queries=(2,))
    assert len(unite_causes([*living, advised("author_id", "at", queries=(1,))], SNAPSHOT)) == 2
    assert len(unite_causes([*living, advised("id", queries=(1,)), elsewhere], SNAPSHOT)) == 3


def test_scans_stand_under_the_index_for_the_dearest_statement_of_their_table() -> None:
    scans = told("sequential-scan-heavy", "note", 1, 2)
    index = advised("at", queries=(1,))
    assert keys(unite_causes([scans, index], SNAPSHOT)) == {index.object: ["sequential-scan-heavy"]}
    for other in (advised("at", queries=(2,)), advised("id", table="author", queries=(1,))):
        assert len(unite_causes([scans, other], SNAPSHOT)) == 2
    assert len(unite_causes([told("sequential-scan-heavy", "note"), index], SNAPSHOT)) == 2


def test_pages_stand_under_the_index_that_serves_them_all_unless_they_state_their_depth() -> None:
    pages, index = told("deep-offset", "note", 1, 2), advised("at", queries=(1, 2))
    assert keys(unite_causes([pages, index], SNAPSHOT)) == {index.object: ["deep-offset"]}
    assert len(unite_causes([replace(pages, confidence="certain"), index], SNAPSHOT)) == 2
    assert len(unite_causes([pages, advised("at", queries=(1,))], SNAPSHOT)) == 2


def test_that_no_index_helps_stands_under_what_says_how_to_ask_and_makes_it_as_bad() -> None:
    worth = Worth(90_000.0, 300.0, 0.4, 3_600.0)
    unhelped = replace(told("no-index-helps", "SELECT …", 1, severity="high"), worth=worth)
    (cause,) = unite_causes([told("deep-offset", "note", 1), unhelped], SNAPSHOT)
    assert (cause.check, cause.severity, cause.worth, cause.symptoms) == ("deep-offset", "high", worth, (unhelped,))
    assert len(unite_causes([told("count-each-page", "note", 2), unhelped], SNAPSHOT)) == 2


def test_a_symptom_of_a_symptom_stands_under_the_first_cause() -> None:
    pages, unhelped = told("deep-offset", "note", 1), told("no-index-helps", "SELECT …", 1)
    (cause,) = unite_causes([unhelped, pages, advised("at", queries=(1,))], SNAPSHOT)
    assert {one.check for one in cause.symptoms} == {"deep-offset", "no-index-helps"}


def test_a_suspect_stands_under_what_the_probe_saw_of_the_same_loop() -> None:
    problem = make_problem(statement="SELECT * FROM note WHERE note.author_id = $1")
    app = make_app(make_endpoint("GET /authors", 4, 31, small=[make_problem(count=3)], large=[problem]))
    seen = run_checks(app).findings
    suspect = told("n-plus-one-suspect", "note (author_id)", 1, 7)
    (cause,) = unite_causes([suspect, *seen], SNAPSHOT, app)
    assert (cause.check, cause.symptoms) == ("n-plus-one", (suspect,))
    other = told("n-plus-one-suspect", "note (id)", 1, 7)
    assert len(unite_causes([other, *seen], SNAPSHOT, app)) == 2


def test_where_the_probes_statement_cannot_be_read_the_same_number_is_the_same_loop() -> None:
    cost = StatementCost((7,), 50, 25.0, 0.1)
    app = make_app(make_endpoint("GET /authors", 31, large=[make_problem(statement="FETCH x", cost=cost)]))
    seen = run_checks(app).findings
    suspect = told("n-plus-one-suspect", "note (author_id)", 1, 7)
    assert keys(unite_causes([suspect, *seen], SNAPSHOT, app)) == {seen[0].object: ["n-plus-one-suspect"]}
    assert len(unite_causes([replace(suspect, queries=(1,)), *seen], SNAPSHOT, app)) == 2


def test_a_key_that_is_declared_twice_is_one_finding_with_the_changes_of_both() -> None:
    text = make_table("note", "id bigint, author_id text")
    twice = make_snapshot(text, AUTHOR, KEY, replace(KEY, name="again"))
    found = [one.key for one in unite_causes(run_checks(twice).findings, twice)]
    assert found.count("foreign-key-type-mismatch:note (author_id)") == 1
    (key,) = run("unindexed-foreign-key", SNAPSHOT)
    other = replace(key, changes=advised("author_id", "at").changes)
    (united,) = unite_causes([key, other], SNAPSHOT)
    assert united.changes == (*key.changes, *other.changes)


def test_a_key_that_is_declared_twice_is_named_once_where_deletes_fail() -> None:
    twice = make_snapshot(NOTE, AUTHOR, KEY, replace(KEY, name="again"))
    (finding,) = run("foreign-key-without-cascade", twice)
    assert finding.message == "Deleting from author fails while rows of note (author_id) refer to it."


def test_a_symptom_costs_no_points_and_a_cause_that_is_allowed_takes_none_with_it() -> None:
    (key,) = run("unindexed-foreign-key", SNAPSHOT)
    cause = advised("author_id", severity="high")
    united = unite_causes([key, cause], SNAPSHOT)
    scores = {one.subject: one.lost for one in score_subjects(SNAPSHOT, united, ())}
    assert [one.reason for one in scores["indexes"]] == ["missing-index: note (author_id)"]
    left, allowed = set_apart([key, cause], Policy(allow=("missing-index",)))
    assert (unite_causes(left, SNAPSHOT), allowed) == ((key,), (cause,))


def test_a_polled_queue_stands_under_the_advisors_index_and_what_its_reading_costs_under_the_queue() -> None:
    queue = replace(told("queue-polled-by-scan", "note (at)", 1), changes=advised("at").changes)
    scan, thrown = told("sequential-scan-heavy", "note", 1), told("rows-thrown-away", "note", 1)
    alone = {one.object: {each.check for each in one.symptoms} for one in unite_causes([queue, scan, thrown], SNAPSHOT)}
    assert alone == {"note (at)": {"sequential-scan-heavy", "rows-thrown-away"}}
    index = advised("at", queries=(1,))
    advised_too = unite_causes([queue, scan, thrown, index], SNAPSHOT)
    assert [one.check for one in advised_too] == ["missing-index"]
    assert {one.check for one in advised_too[0].symptoms} == {queue.check, scan.check, thrown.check}
