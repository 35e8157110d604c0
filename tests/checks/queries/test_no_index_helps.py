from __future__ import annotations

from typing import Any

import pytest

from pgwright.checks import require_check, run_checks
from pgwright.model.advice import Advice, UnhelpedStatement
from pgwright.model.finding import Finding
from pgwright.model.not_examined import NotExamined
from tests.support.builders import evidence, make_advice

CHECK = require_check("no-index-helps")
DAY = 86_400.0
CORRELATED = "SELECT * FROM orders o WHERE o.total > (SELECT avg(i.total) FROM orders i WHERE i.buyer = o.buyer)"


def _advice(*texts: str, **fields: Any) -> Advice:
    unhelped = tuple(UnhelpedStatement(n, text, 100, 400_000.0, 9_600.0, 9_300.0) for n, text in enumerate(texts, 7))
    return make_advice(unhelped=unhelped, **{"workload_ms": 1_000_000.0, "observed_seconds": DAY, **fields})


def _run(*texts: str, **fields: Any) -> list[Finding]:
    return list(run_checks(_advice(*texts, **fields), [CHECK]).findings)


def test_says_that_no_index_helps_and_how_to_write_it_otherwise() -> None:
    (finding,) = _run(CORRELATED)
    assert finding.object.startswith("SELECT … FROM orders o WHERE o.total > (SELECT avg(i.total)")
    assert (finding.confidence, finding.queries) == ("likely", (7,))
    assert "a subquery that runs for each row around it" in finding.message
    assert "in one pass, with GROUP BY" in finding.advice
    assert evidence(finding)["with the best indexes that were tried"] == "cost 9,600 → 9,300"


def test_without_a_rewrite_it_is_medium_at_most() -> None:
    (finding,) = _run("SELECT a, b FROM orders WHERE total > $1")
    assert (finding.confidence, finding.severity) == ("possible", "medium")
    assert finding.worth is not None
    assert finding.worth.severity == "high"


def test_a_rewrite_is_taken_to_save_half_of_the_time_and_no_more() -> None:
    (finding,) = _run(CORRELATED)
    assert finding.worth is not None
    assert (finding.worth.saved_ms, finding.worth.share_of_workload) == (200_000.0, 0.2)
    assert finding.severity == finding.worth.severity == "high"
    (seldom,) = _run(CORRELATED, observed_seconds=DAY * 100_000, workload_ms=1e12)
    assert seldom.severity == "low"


def test_where_nobody_knows_the_rate_the_time_of_a_call_decides() -> None:
    assert _run(CORRELATED, workload_ms=0.0, observed_seconds=None)[0].severity == "medium"


def test_the_common_table_is_named_and_two_rewrites_are_enough() -> None:
    text = (
        "WITH totals AS (SELECT buyer, sum(total) AS t FROM orders GROUP BY buyer) SELECT DISTINCT a.buyer "
        "FROM totals a JOIN totals b ON a.t > b.t WHERE a.buyer NOT IN (SELECT buyer FROM orders WHERE total > 5)"
    )
    (finding,) = _run(text)
    assert "a common table that is read more than once (totals) and NOT IN over a subquery" in finding.message
    assert "FILTER (WHERE …)" in finding.advice
    assert "EXISTS for the table" not in finding.advice


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM orders WHERE buyer = $1 ORDER BY total", "SELECT * FROM orders o WHERE o.total > (SELECT avg(", ""],
)
def test_no_rewrite_is_made_up_where_the_form_shows_none(text: str) -> None:
    (finding,) = _run(text)
    assert finding.advice == "It needs another form, a summary that is kept, or less data."
    assert finding.confidence == "possible"
    assert finding.message == "No index that was tried makes this statement notably cheaper."


def test_quiet_where_indexes_help_or_little_time_is_taken() -> None:
    assert _run() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"ended": "unanswered"},
        {"statements": 0},
        {"statements": 0, "unplanned": (NotExamined("SELECT 1", "no such function"),)},
    ],
)
def test_not_examined_where_nothing_was_planned(fields: dict[str, Any]) -> None:
    run = run_checks(_advice(**fields), [CHECK])
    assert [one.checks for one in run.not_examined] == [("no-index-helps",)]
    assert run.names == ()
