"""The scorecard: points by severity and confidence, capped for each check, with every reason."""

from __future__ import annotations

from pgwright.checks import load_checks, score_subjects
from pgwright.checks.scorecard import points
from pgwright.model.finding import Confidence, Finding, Severity, SubjectScore
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.statement import UnreadStatements
from tests.support.builders import make_snapshot, make_statement, make_table

SNAPSHOT = make_snapshot(make_table("users"))


def _finding(check: str, about: str, severity: Severity, confidence: Confidence = "certain") -> Finding:
    subject = next(each.subject for each in load_checks() if each.name == check)
    return Finding(check, subject, severity, confidence, about, "", (), "")


def _score(subject: str, *findings: Finding, blind: tuple[NotExamined, ...] = ()) -> SubjectScore:
    return next(score for score in score_subjects(SNAPSHOT, findings, blind) if score.subject == subject)


def test_a_subject_without_findings_has_the_full_score() -> None:
    score = _score("keys")
    assert (score.score, score.lost) == (10.0, ())


def test_points_are_severity_times_confidence() -> None:
    assert points(_finding("missing-primary-key", "a", "high", "certain")) == 3.0
    assert points(_finding("missing-primary-key", "a", "medium", "likely")) == 1.5 * 0.8
    assert points(_finding("missing-primary-key", "a", "info", "certain")) == 0.0


def test_each_check_gives_its_reason_with_the_objects() -> None:
    score = _score(
        "keys", _finding("missing-primary-key", "login", "medium"), _finding("text-uuid-key", "users (id)", "high")
    )
    assert score.score == 5.5
    assert [(lost.points, lost.reason) for lost in score.lost] == [
        (3.0, "text-uuid-key: users (id)"),
        (1.5, "missing-primary-key: login"),
    ]


def test_fifty_findings_of_one_check_cost_no_more_than_two() -> None:
    score = _score("keys", *(_finding("missing-primary-key", f"t{n}", "medium") for n in range(50)))
    assert score.score == 7.0
    assert score.lost[0].reason == "missing-primary-key: t0, t1, t2 and 47 more; 50 findings, counted as two"


def test_the_cap_is_twice_the_dearest_finding_of_the_check() -> None:
    severities: tuple[Severity, ...] = ("low", "high", "high", "low")
    score = _score("keys", *(_finding("missing-primary-key", one, one) for one in severities))
    assert score.lost[0].points == 6.0
    assert score.lost[0].reason.startswith("missing-primary-key: high, high, low")


def test_the_score_never_falls_below_zero() -> None:
    checks = ("missing-primary-key", "text-uuid-key", "sequence-near-limit")
    assert _score("keys", *(_finding(check, str(n), "high") for check in checks for n in range(3))).score == 0.0


def test_information_costs_nothing_and_is_no_reason() -> None:
    score = _score("keys", _finding("foreign-key-without-cascade", "users", "info"))
    assert (score.score, score.lost) == (10.0, ())


def test_what_was_not_examined_is_named_and_costs_nothing() -> None:
    score = _score("queries", blind=(_blind("no workload", "deep-offset"),))
    assert score.score == 10.0
    assert [(lost.points, lost.reason) for lost in score.lost] == [(0.0, "deep-offset was not examined: no workload")]


def test_a_subject_of_which_nothing_was_examined_has_no_score() -> None:
    names = [check.name for check in load_checks() if check.subject == "settings"]
    score = _score("settings", blind=tuple(_blind("no rights", name) for name in names))
    assert score.score is None
    assert len(score.lost) == len(names)


def test_checks_that_one_cause_kept_from_looking_share_a_line() -> None:
    (lost,) = _score("queries", blind=(_blind("no workload", "deep-offset", "n-plus-one-suspect"),)).lost
    assert lost.reason == "deep-offset, n-plus-one-suspect were not examined: no workload"


def _blind(reason: str, *checks: str) -> NotExamined:
    return NotExamined(", ".join(checks), reason, checks=checks)


def test_a_database_without_tables_has_no_score_for_its_keys() -> None:
    scores = {score.subject: score.score for score in score_subjects(make_snapshot(), (), ())}
    assert scores["keys"] is None
    assert scores["security"] == 10.0


def test_a_score_says_how_much_it_rests_on() -> None:
    hidden = NotExamined("statistics", "hidden", parts=("statistics",), relations=(QualifiedName("public", "b"),))
    locked = NotExamined("tables", "locked", parts=("tables", "indexes"), relations=(QualifiedName("public", "c"),))
    snapshot = make_snapshot(
        make_table("a"),
        make_table("b"),
        make_statement("SELECT * FROM a", total_ms=30.0),
        not_examined=(hidden, locked),
        unread_statements=UnreadStatements(3, 70.0),
    )
    scores = score_subjects(snapshot, (), ())
    seen = {one.subject: {part.of: round(part.share, 3) for part in one.looked_at} for one in scores}
    assert seen["queries"]["the statements' time"] == 0.3
    assert seen["retention"] == {"the tables": 0.333}
    assert seen["indexes"] == {"the statements' time": 0.3, "the tables": 0.667}
    assert seen["connections"] == {}
