from __future__ import annotations

from pgwright.model.finding import Finding
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_snapshot,
    make_statement,
    make_table,
    not_examined,
    run,
)

CHECK = "n-plus-one-suspect"
NOTEBOOKS = make_table("notebooks", "id bigint NOT NULL, user_id bigint", rows=900, primary_key=("id",))
SOURCES = make_table("sources", "id bigint NOT NULL, notebook_id bigint, deleted_at timestamptz", primary_key=("id",))
KEY = make_foreign_key("sources", "notebook_id", "notebooks")
PARENT = make_statement("SELECT id FROM notebooks WHERE user_id = $1", calls=100, rows=5_000, query_id=1)
LAZY = "SELECT id FROM sources WHERE $1 = sources.notebook_id"
CHILD = make_statement(LAZY, calls=5_000, rows=15_000, query_id=2)


def _run(*parts: object) -> list[Finding]:
    return run(CHECK, make_snapshot(NOTEBOOKS, SOURCES, KEY, *parts))


def test_fires_when_a_statement_runs_once_for_each_row_of_another() -> None:
    (finding,) = _run(PARENT, CHILD)
    assert (finding.object, finding.confidence, finding.severity) == ("sources (notebook_id)", "likely", "high")
    assert finding.queries == (2, 1)
    assert evidence(finding)["parent"] == PARENT.text
    assert evidence(finding)["its time"] == "5.00 s, 98.0 % of the workload"
    assert "50.0 times for each call" in finding.message


def test_a_rough_agreement_is_only_possible() -> None:
    (finding,) = _run(PARENT, make_statement(LAZY, calls=7_000, query_id=2))
    assert finding.confidence == "possible"


def test_a_filter_on_living_rows_is_no_second_key() -> None:
    assert _run(PARENT, make_statement(f"{LAZY} AND deleted_at IS NULL", calls=5_000))


def test_quiet_when_calls_and_rows_do_not_agree() -> None:
    assert _run(PARENT, make_statement(LAZY, calls=90_000)) == []
    assert _run(PARENT, make_statement(LAZY, calls=400)) == []


def test_quiet_for_few_calls() -> None:
    assert _run(make_statement(PARENT.text, calls=2, rows=20), make_statement(LAZY, calls=20)) == []


def test_quiet_when_the_parent_returns_single_rows() -> None:
    one = make_statement("SELECT id FROM notebooks WHERE id = $1", calls=5_000, rows=5_000)
    assert _run(one, CHILD) == []


def test_quiet_when_all_rows_are_fetched_at_once() -> None:
    assert _run(PARENT, make_statement("SELECT id FROM sources WHERE notebook_id = ANY($1)", calls=5_000)) == []
    assert _run(PARENT, make_statement("SELECT id FROM sources WHERE notebook_id IN ($1, $2)", calls=5_000)) == []


def test_quiet_for_another_role() -> None:
    assert _run(make_statement(PARENT.text, calls=100, rows=5_000, role="report"), CHILD) == []


def test_quiet_for_tables_that_have_nothing_to_do_with_each_other() -> None:
    assert run(CHECK, make_snapshot(NOTEBOOKS, make_table("sources", "id bigint, other bigint"), PARENT, CHILD)) == []


def test_lookups_of_the_parent_by_primary_key_may_be_fewer_than_rows() -> None:
    listing = make_statement("SELECT id, notebook_id FROM sources ORDER BY id LIMIT $1", calls=100, rows=5_000)
    lookup = make_statement("SELECT id FROM notebooks WHERE notebooks.id = $1", calls=900)
    (finding,) = _run(listing, lookup)
    assert (finding.object, finding.confidence) == ("notebooks (id)", "possible")


def test_a_reference_without_a_constraint_is_known_by_its_name() -> None:
    assert run(CHECK, make_snapshot(NOTEBOOKS, make_table("sources", "notebook_id bigint"), PARENT, make_statement(
        "SELECT notebook_id FROM sources WHERE notebook_id = $1", calls=5_000)))  # fmt: skip


def test_several_parents_may_explain_the_calls_together() -> None:
    other = make_statement("SELECT id FROM notebooks ORDER BY id", calls=10, rows=5_000)
    (finding,) = _run(PARENT, other, make_statement(LAZY, calls=10_000))
    assert finding.confidence == "possible"
    assert "largest of several parents" in evidence(finding)


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(NOTEBOOKS))
