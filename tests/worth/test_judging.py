"""What counts as right, told twice, and missed."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.finding import Finding, Severity
from tests.support.corpus import Judged, Judgement, Planted
from tests.support.judging import judge, missed

PLANTED = Planted(what="no index", keys=("missing-index:t (a*", "unindexed-foreign-key:t (a)"), severity="medium")
JUDGED = Judged(
    kind="planted",
    title="t",
    features=(),
    planted=(PLANTED,),
    finding=(Judgement(key="duplicate-index:*", verdict="wrong", reason="there is none"),),
)


def _found(key: str, severity: Severity = "medium") -> Finding:
    check, _, about = key.partition(":")
    return Finding(check, "indexes", severity, "likely", about, "m", (), "a")


def test_a_finding_of_a_planted_fault_is_right_and_a_second_one_is_not() -> None:
    both = [_found("missing-index:t (a, b)"), _found("unindexed-foreign-key:t (a)")]
    assert [one.verdict for one in judge(both, JUDGED)] == ["right", "debatable"]


def test_what_the_file_does_not_know_is_not_right() -> None:
    verdicts = [one.verdict for one in judge([_found("duplicate-index:i"), _found("deep-offset:t")], JUDGED)]
    assert verdicts == ["wrong", "unjudged"]


def test_low_findings_are_not_judged() -> None:
    assert judge([_found("duplicate-index:i", "low")], JUDGED) == ()


def test_a_planted_fault_is_missed_when_it_is_told_as_less_bad() -> None:
    assert list(missed([_found("missing-index:t (a)", "low")], JUDGED)) == [PLANTED]
    assert list(missed([_found("missing-index:t (a)", "high")], JUDGED)) == []


def test_a_symptom_tells_a_planted_fault() -> None:
    symptom = _found("unindexed-foreign-key:t (a)")
    assert list(missed([replace(_found("deep-offset:t"), symptoms=(symptom,))], JUDGED)) == []
