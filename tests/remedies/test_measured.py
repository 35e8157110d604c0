"""What of a fix helps by a proof, and what does not."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.change import AnalyzeTable, Change, CreateIndex, DropIndex
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.proof import Effort, MeasuredStatement, PlannedStatement, Proof, Verdict
from pgwright.remedies import make_fix, vain, with_measured, without
from tests.support import samples
from tests.support.alembic_project import created, finding
from tests.support.builders import make_index, make_snapshot, make_table
from tests.support.samples.proof import timing

T = QualifiedName("public", "t")
OLD = make_index("ix_old", "t", "b")
SNAPSHOT = make_snapshot(make_table("t", "id bigint, a bigint, b text", rows=9), OLD)
CREATE = CreateIndex(IndexDefinition("ix_a", T, (IndexKey("a"),)))
DROP = DropIndex(OLD.name, T, OLD.sql, 8192)


def fix(*changes: Change) -> Fix:
    return make_fix(SNAPSHOT, [finding("unused-index", str(number), change) for number, change in enumerate(changes)])


def proof(
    *measured: tuple[Verdict, float, str, str],
    here: Effort = Effort(1, 9),  # noqa: B008
) -> Proof:
    """Return a proof of statements: the verdict, the time after of 10 ms before, the plans before and after."""
    return replace(
        samples.PROOF,
        statements=tuple(
            MeasuredStatement(
                number, "SELECT 1", 5, timing(10.0), timing(after), verdict != "results differ", verdict,
                Effort(1, 9), here,
            )
            for number, (verdict, after, _, _) in enumerate(measured)
        ),
        planned=tuple(
            PlannedStatement(number, "SELECT 1", 5, 9.0, 1.0, before, plan)
            for number, (_, _, before, plan) in enumerate(measured)
        ),
    )  # fmt: skip


SCAN = "Seq Scan on t"
BY_A = "Index Scan using ix_a on t"
BY_OLD = "Bitmap Heap Scan on t\n  Bitmap Index Scan using ix_old"


def test_an_index_is_kept_by_a_faster_statement_whose_plan_uses_it() -> None:
    assert vain(fix(CREATE), proof(("faster", 1.0, SCAN, BY_A))) == {}


def test_an_index_that_made_nothing_faster_is_left_out() -> None:
    for measured in (
        ("same", 10.0, SCAN, BY_A),
        ("unclear", 5.0, SCAN, BY_A),
        ("results differ", 1.0, SCAN, BY_A),
        ("faster", 1.0, SCAN, "Index Scan using ix_a_2 on t"),
    ):
        assert list(vain(fix(CREATE), proof(measured)).values()) == [
            "measured on copies, no statement got faster by it"
        ]
    not_what_production_does = proof(("faster", 1.0, SCAN, BY_A), here=Effort(0, 1))
    assert len(vain(fix(CREATE), not_what_production_does)) == 1


def test_a_drop_stays_unless_what_used_the_index_got_slower() -> None:
    made = fix(DROP)
    assert vain(made, proof(("same", 10.0, BY_OLD, SCAN))) == {}
    assert vain(made, proof(("slower", 20.0, SCAN, SCAN))) == {}, "for another reason"
    assert list(vain(made, proof(("slower", 20.0, BY_OLD, SCAN))).values()) == [
        "measured on copies, what used the old index got slower: SELECT 1"
    ]


def test_statistics_go_with_the_index_on_whose_account_they_are_gathered() -> None:
    made = fix(CreateIndex(IndexDefinition("ix_a", T, (IndexKey(None, "lower(b)"),))))
    assert created(made)[1:] == ["Gather statistics of t"]
    assert vain(made, proof(("faster", 1.0, SCAN, BY_A))) == {}
    assert [one.change for one in vain(made, proof(("same", 1.0, SCAN, BY_A)))] == [made.remedies[0].change]
    assert vain(fix(AnalyzeTable(T)), proof(("faster", 1.0, SCAN, SCAN))) == {}


def test_names_in_a_plan_are_whole_names_however_odd() -> None:
    odd = CreateIndex(IndexDefinition('Ix "a".b', T, (IndexKey("a"),)))
    assert vain(fix(odd), proof(("faster", 1.0, SCAN, 'Index Scan using Ix "a".b on t'))) == {}


def test_each_remedy_gets_the_figures_of_the_statements_it_serves() -> None:
    measured = with_measured(
        fix(CREATE), proof(("faster", 5.0, SCAN, BY_A), ("faster", 0.1, SCAN, BY_A), ("same", 9.0, SCAN, BY_A))
    )
    assert [(one.query_id, one.words) for one in measured.remedies[0].measured] == [
        (1, "10 ms → 0.10 ms a call, 100 times faster"), (0, "10 ms → 5.0 ms a call, 2.0 times faster")
    ]  # fmt: skip


def test_findings_no_longer_ask_for_what_is_left_out() -> None:
    def asked(findings: tuple[Finding, ...]) -> list[tuple[Change, ...]]:
        return [one.changes for finding in findings for one in (finding, *finding.symptoms)]

    wide = CreateIndex(IndexDefinition("ix_b_a", T, (IndexKey("b"), IndexKey("a"))))
    under = finding("unindexed-foreign-key", "t", wide)
    both = replace(finding("missing-index", "t", wide, DROP), symptoms=(under,))
    made = make_fix(SNAPSHOT, (both, under))
    index, drop = made.remedies
    assert asked(without([both], [index])) == [(DROP,), ()]
    assert asked(without([both], [drop])) == [(wide,), (wide,)]
    assert asked(without([finding("other", "t", wide)], [index])) == [(wide,)], "it did not become this one"
