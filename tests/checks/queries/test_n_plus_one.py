from __future__ import annotations

from dataclasses import replace

from pgwright.checks import require_check, run_checks
from pgwright.model.endpoints import SeenEndpoint, StatementCost
from pgwright.model.finding import Finding
from tests.support.builders import evidence, make_app, make_endpoint, make_problem

CHECK = require_check("n-plus-one")
GROWING = make_endpoint("GET /orders", 4, 31, small=[make_problem(count=3)], large=[make_problem()])


def _found(*endpoints: SeenEndpoint) -> tuple[Finding, ...]:
    return run_checks(make_app(*endpoints), [CHECK]).findings


def test_a_load_that_grows_with_the_rows_is_named_with_its_line_and_its_cost() -> None:
    cost = StatementCost((7, 8), 50, 25.0, 0.1)
    (finding,) = _found(replace(GROWING, large=(make_problem(cost=cost),)))
    assert (finding.key, finding.severity, finding.confidence) == (
        "n-plus-one:GET /orders: Order.items", "high", "certain"
    )  # fmt: skip
    assert finding.message == "Its queries grow with its rows: 4 for 3 rows, 31 for 30 rows."
    assert finding.advice == "Add selectinload(Order.items) to the query of Order."
    assert evidence(finding)["line"] == "shop/main.py:7 in orders"
    assert evidence(finding)["on the server"] == "0.50 ms mean, 50 calls, 10.0 % of all time"
    assert finding.queries == (7, 8)
    assert (finding.place and finding.place.line) == 7


def test_a_few_queries_are_a_medium_finding() -> None:
    (finding,) = _found(make_endpoint("GET /orders", 4, 19, small=[make_problem(count=3)], large=[make_problem()]))
    assert finding.severity == "medium"


def test_quiet_when_the_larger_page_needs_no_more_queries() -> None:
    same = [make_problem(count=3)]
    assert _found(make_endpoint("GET /orders", 4, 4, small=same, large=same)) == ()


def test_with_one_size_a_lazy_load_is_likely_and_a_repeated_statement_is_left_to_its_own_check() -> None:
    (finding,) = _found(make_endpoint("GET /newest", 11, large=[make_problem(), make_problem("repeated statement")]))
    assert (finding.confidence, finding.message) == (
        "likely", "One call ran this statement 30 times, once for each Order."
    )  # fmt: skip


def test_growth_that_no_problem_explains_is_possible_from_five_queries_on() -> None:
    (finding,) = _found(make_endpoint("GET /odd", 3, 8))
    assert (finding.object, finding.confidence, finding.place) == ("GET /odd", "possible", None)
    assert _found(make_endpoint("GET /odd", 3, 7)) == ()


def test_of_several_endpoints_each_is_judged_by_itself() -> None:
    other = replace(GROWING, endpoint=replace(GROWING.endpoint, name="GET /users"))
    assert [finding.object for finding in _found(GROWING, make_endpoint("GET /calm", 2, 2), other)] == [
        "GET /orders: Order.items",
        "GET /users: Order.items",
    ]
