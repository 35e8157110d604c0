"""However much is wrong, the first screen is one, and the report is as long as a person reads."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pgwright.model.finding import Diagnosis, Severity
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.worth import Worth
from pgwright.report import Screen, render
from tests.support import samples
from tests.support.lengths import require_short


def many(severity: Severity, count: int, **fields: object) -> Diagnosis:
    """Return a diagnosis in which everything is as long as it may be."""
    cause = replace(samples.DIAGNOSIS.findings[0], severity=severity, message="x yz " * 200, advice="do " * 300)
    symptoms = tuple(replace(cause, check="unindexed-foreign-key", object=f"o{n}" * 30) for n in range(9))
    findings = tuple(
        replace(cause, object=f"table_{n} ({'a_column, ' * 40})", symptoms=symptoms, **fields)  # type: ignore[arg-type]
        for n in range(count)
    )
    missing = [NotExamined(f"part {n}" * 20, f"reason {n} " * 60, "GRANT x " * 60) for n in range(40)]
    known = tuple(one.key for one in findings)
    whole = replace(samples.DIAGNOSIS, findings=findings, not_examined=tuple(missing), known=known, allowed=known)
    eight = (*samples.DIAGNOSIS.scorecard[:2],) * 4
    return replace(whole, scorecard=eight, slowest=samples.DIAGNOSIS.slowest * 20, database="d" * 200)


@pytest.mark.parametrize("severity", ["high", "medium", "low", "info"])
@pytest.mark.parametrize("is_fixable", [True, False])
def test_nothing_however_long_makes_it_longer(severity: Severity, is_fixable: bool) -> None:
    changes = samples.DIAGNOSIS.findings[0].changes if is_fixable else ()
    require_short(render(many(severity, 400, changes=changes, sql="SELECT 1;\n" * 50), "terminal"))


@pytest.mark.parametrize("count", [1, 5, 6, 7, 8])
def test_what_was_not_examined_is_never_hidden_and_takes_fifteen_lines_at_most(count: int) -> None:
    missing = tuple(NotExamined(f"part {n}", f"reason {n} " * 60, "GRANT x " * 60) for n in range(count))
    text = render(replace(samples.EMPTY_DIAGNOSIS, not_examined=missing), "terminal")
    lines = text.split("Not examined\n")[1].splitlines()
    assert len(lines) <= 15
    shown = text.count("- part ")
    assert shown == count or f"… and {count - shown} more reasons; --all" in text


def test_entries_with_one_reason_are_one() -> None:
    missing = tuple(NotExamined(f"statistics of t{n}", "row-level security", "GRANT") for n in range(30))
    text = render(replace(samples.EMPTY_DIAGNOSIS, not_examined=missing), "terminal")
    assert "- statistics of t0, statistics of t1, statistics of t2 and 27 more: row-level security" in text
    assert text.count("→ GRANT") == 1


def test_a_narrow_screen_takes_more_lines_and_loses_no_command() -> None:
    text = render(replace(samples.DIAGNOSIS, findings=samples.DIAGNOSIS.findings[:1]), "terminal", Screen(width=44))
    assert "pgwright fix --only 'missing-index:messages (conversation_id, created_at DESC)'" in " ".join(text.split())


def test_json_of_tens_of_thousands_of_findings_stays_small_and_says_what_it_leaves_out() -> None:
    relations = tuple(QualifiedName("public", f"table_{n}") for n in range(10_000))
    missing = tuple(NotExamined(f"reader {n}", "no right", parts=("indexes",), relations=relations) for n in range(5))
    last = samples.DIAGNOSIS.findings[-1]
    many_findings = tuple(replace(last, object=f"table_{n} (column_{n})") for n in range(30_000))
    diagnosis = replace(samples.DIAGNOSIS, findings=many_findings, not_examined=missing)
    text = render(diagnosis, "json")
    document = json.loads(text)
    assert len(text) < 3_000_000
    assert document["summary"]["info"] == 30_000
    assert document["findings_not_listed"] == {last.check: 30_000 - len(document["findings"])}
    assert document["not_examined"][0]["relations_not_listed"] == 10_000 - 100
    whole = json.loads(render(diagnosis, "json", Screen(shows_all=True)))
    assert (len(whole["findings"]), whole["findings_not_listed"]) == (30_000, {})
    assert len(whole["not_examined"][0]["relations"]) == 10_000


def test_worth_says_the_time_a_day() -> None:
    worth = Worth(saved_ms=1_000.0, saved_a_call_ms=10.0, share_of_workload=0.5, observed_seconds=86_400.0)
    finding = replace(samples.DIAGNOSIS.findings[0], worth=worth)
    document = json.loads(render(replace(samples.DIAGNOSIS, findings=(finding,)), "json"))
    assert document["findings"][0]["worth"]["seconds_a_day"] == 1.0
