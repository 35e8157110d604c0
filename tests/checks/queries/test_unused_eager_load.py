from __future__ import annotations

from pgwright.checks import require_check, run_checks
from pgwright.model.endpoints import SeenEndpoint
from tests.support.builders import make_app, make_endpoint, make_problem

CHECK = require_check("unused-eager-load")
UNUSED = make_problem("unused eager load", 1, remedy="drop selectinload(Order.items)")


def _keys(endpoint: SeenEndpoint) -> list[str]:
    return [finding.key for finding in run_checks(make_app(endpoint), [CHECK]).findings]


def test_a_relationship_that_no_call_read_is_named() -> None:
    assert _keys(make_endpoint("GET /orders", 2, 2, small=[UNUSED], large=[UNUSED])) == [
        "unused-eager-load:GET /orders: Order.items"
    ]


def test_quiet_when_one_of_the_calls_read_it() -> None:
    assert _keys(make_endpoint("GET /orders", 2, 2, large=[UNUSED])) == []


def test_quiet_about_what_is_loaded_late() -> None:
    lazy = [make_problem()]
    assert _keys(make_endpoint("GET /orders", 31, 31, small=lazy, large=lazy)) == []
