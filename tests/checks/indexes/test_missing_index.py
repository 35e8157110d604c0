"""From an advice to findings, and from these to the change: made first, then dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.checks import require_check, run_checks
from pgwright.model.advice import Advice, DroppedIndex, IndexAdvice, Risk, RunnerUp, ServedStatement
from pgwright.model.change import CreateIndex, DropIndex
from pgwright.model.finding import Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline import fix
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

POST = QualifiedName("public", "post")
OLD = QualifiedName("public", "ix_old")
NEW = IndexDefinition("ix_new", POST, (IndexKey("author_id"), IndexKey("at", is_descending=True)))
RISK = Risk(9, "SELECT count(*) FROM post", 4, 0.1, 10.0, 12.0, "Thin margin.", 2.3, (NEW.outline,))
ADVICE = Advice(
    indexes=(
        IndexAdvice(
            definition=NEW,
            serves=(ServedStatement(7, "SELECT * FROM post WHERE author_id = $1", 10, 900.0, 9.0, 0.4),),
            gain=8000.0,
            gain_share=0.4,
            size_bytes=2 * 2**20,
            writes=500,
            write_cost=20.0,
            reason="Equality first.",
            runner_up=RunnerUp(replace(NEW, include=("title",)), 0.41, 6 * 2**20),
            replaces=(OLD,),
            build_seconds=3.0,
            hot_updates_lost=40,
        ),
    ),
    statements=2,
    cost_before=20000.0,
    cost_after=12000.0,
    budget_bytes=None,
    candidates=3,
    plans=9,
    seconds=0.1,
    unplanned=(),
    limits=(),
    planned_on=PlannedOn("18.6", True, "", "role alone"),
    drops=(
        DroppedIndex(OLD, POST, "CREATE INDEX …", 2**20, NEW.outline, 15.0),
        DroppedIndex(QualifiedName("public", "ix_twin"), POST, "CREATE INDEX …", 2**20, "public.ix_other", 15.0),
    ),
    risks=(RISK, replace(RISK, query_id=10, is_left_out=True), replace(RISK, query_id=11, indexes=("(title)",))),
)


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    database.execute(
        "CREATE TABLE post (id int PRIMARY KEY, author_id int, at timestamptz, title text);"
        "CREATE INDEX ix_old ON post (author_id)"
    )
    return read_snapshot(database.dsn)


@pytest.fixture
def finding() -> Finding:
    (found,) = run_checks(ADVICE).findings
    return found


def test_evidence_gives_size_build_writes_and_the_next_best(finding: Finding) -> None:
    told = {evidence.name: (evidence.value, evidence.origin) for evidence in finding.evidence}
    assert told["size"] == ("2.0 MB", "estimated")
    assert told["time to build it"] == ("3 s", "estimated")
    assert "reads and writes go on" in told["lock while it is built"][0]
    assert "500 index entries written, cost 20.00, 40 HOT updates lost" in told["price on writes"][0]
    assert told["next best: (author_id, at DESC) INCLUDE (title)"][0] == "gain 41.0 % at 3.0 times the size, estimated"


def test_only_the_risk_of_this_index_is_named(finding: Finding) -> None:
    at_risk = [evidence for evidence in finding.evidence if evidence.name.startswith("at risk")]
    assert [evidence.origin for evidence in at_risk] == ["planned"]
    assert "estimate of a join is off 2.3 times" in at_risk[0].value
    assert finding.queries == (7, 9)
    assert "pgwright prove" in finding.advice


def test_an_index_dispensable_without_the_advice_is_left_to_its_own_check(finding: Finding) -> None:
    assert [type(change) for change in finding.changes] == [CreateIndex, DropIndex]
    assert not any("ix_twin" in evidence.name for evidence in finding.evidence)
    assert "Then drop ix_old." in finding.advice


def test_fix_makes_the_new_index_before_it_drops_the_old(finding: Finding, snapshot: Snapshot) -> None:
    plan = fix(snapshot, [finding])
    assert plan.refused == ()
    assert [remedy.title.split(" on ")[0] for remedy in plan.remedies] == [
        "Create index ix_new",
        "Drop index ix_old of post",
    ]
    assert all("CONCURRENTLY" in step.sql for remedy in plan.remedies for step in remedy.upgrade)


def test_statements_that_could_not_be_planned_are_told_with_the_worst() -> None:
    unplanned = tuple(NotExamined(f"statement {number}", "no such function") for number in range(5))
    (told,) = run_checks(replace(ADVICE, unplanned=unplanned, unplanned_share=0.42)).not_examined
    assert told.what == "missing-index of 5 of 7 statements, 42.0 % of the workload's time"
    assert told.reason.startswith("they could not be planned: statement 0: no such function; ")
    assert told.reason.endswith("; and 2 more")


def test_a_workload_that_uses_no_table_was_not_examined() -> None:
    run = run_checks(replace(ADVICE, indexes=(), statements=0), [require_check("missing-index")])
    assert [(one.what, one.checks) for one in run.not_examined] == [("missing-index", ("missing-index",))]
    assert run.names == ()


def test_a_choice_that_the_deadline_cut_short_is_used_and_said_to_be_so() -> None:
    run = run_checks(replace(ADVICE, ended="deadline", unsearched_share=0.4))
    (told,) = run.not_examined
    assert len(run.findings) == 1
    assert "missing-index" in run.names
    assert told.what == "missing-index of 40.0 % of the workload's time"
    assert "the deadline came before any index was tried" in told.reason
    assert "deadline = " in told.remedy


def test_a_deadline_before_any_choice_is_not_examined_and_no_empty_answer() -> None:
    nothing = replace(ADVICE, indexes=(), ended="unanswered", unsearched_share=0.7, unplanned_share=0.2)
    run = run_checks(nothing, [require_check("missing-index")])
    (told,) = run.not_examined
    assert told.checks == ("missing-index",)
    assert "missing-index" not in run.names
    assert "90.0 % of the workload's time" in told.reason
    assert "deadline = " in told.remedy
