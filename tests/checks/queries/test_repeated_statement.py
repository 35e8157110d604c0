from __future__ import annotations

from pgwright.checks import require_check, run_checks
from pgwright.model.endpoints import SeenEndpoint
from tests.support.builders import make_app, make_endpoint, make_problem

CHECK = require_check("repeated-statement")
REPEATED = make_problem("repeated statement", 3, relationship="", statement="SELECT name FROM users WHERE id = $1")


def _keys(endpoint: SeenEndpoint) -> list[str]:
    return [finding.key for finding in run_checks(make_app(endpoint), [CHECK]).findings]


def test_a_statement_that_repeats_at_both_sizes_alike_is_named() -> None:
    (finding,) = run_checks(
        make_app(make_endpoint("GET /settings", 4, 4, small=[REPEATED], large=[REPEATED])), [CHECK]
    ).findings
    assert finding.object == "GET /settings: SELECT name FROM users WHERE id = $1"
    assert finding.message == "One call runs this statement 3 times."


def test_quiet_when_it_grows_for_then_it_is_n_plus_one() -> None:
    assert _keys(make_endpoint("GET /orders", 4, 31, small=[make_problem(count=3)], large=[make_problem()])) == []


def test_a_lazy_load_that_does_not_grow_is_one_too_but_not_where_only_one_size_was_called() -> None:
    fixed = [make_problem(count=5)]
    assert _keys(make_endpoint("GET /orders", 6, 6, small=fixed, large=fixed)) == [
        "repeated-statement:GET /orders: Order.items"
    ]
    assert _keys(make_endpoint("GET /newest", 6, large=fixed)) == []
