from __future__ import annotations

from dataclasses import replace

from pgwright.model.comparison import PlanNode, StatementPlan
from pgwright.model.policy import ClientPool
from pgwright.model.probe import ProbeCall, ProbedEndpoint
from tests.support import samples
from tests.support.builders import make_statement


def endpoint(*calls: ProbeCall) -> ProbedEndpoint:
    return ProbedEndpoint("GET /", "page size", calls)


def plan(cost: float) -> StatementPlan:
    return StatementPlan((PlanNode(0, "Result", None, None, None, 1.0, cost, ()),), ())


def test_growth_is_known_only_where_the_data_was_larger() -> None:
    small = ProbeCall("limit=3", 4, 3, 33, 1.0)
    assert endpoint(small, replace(small, queries=31, rows=30)).growth == 27
    assert endpoint(small, replace(small, queries=31, rows_fetched=34)).growth == 27
    assert endpoint(small, replace(small, queries=31)).growth is None
    assert endpoint(replace(small, rows_fetched=None), replace(small, rows_fetched=None)).growth is None
    assert endpoint(small).growth is None


def test_ratio_of_a_comparison_is_after_over_before() -> None:
    compared = replace(samples.COMPARISON, before=plan(200.0), after=plan(50.0))
    assert compared.ratio == 0.25
    assert replace(compared, after=None).ratio is None
    assert replace(compared, before=plan(0.0)).ratio == 1.0


def test_ratio_of_a_measurement_is_before_over_after() -> None:
    assert samples.DIFFERENT.ratio == 10.0
    assert replace(samples.DIFFERENT, after=samples.timing(0.0)).ratio == float("inf")


def test_advised_index_of_a_partitioned_table_is_not_built_concurrently() -> None:
    plain, partitioned = samples.ADVICE.indexes
    assert plain.sql.startswith("CREATE INDEX CONCURRENTLY ")
    assert plain.lock.startswith("SHARE UPDATE EXCLUSIVE:")
    assert partitioned.sql.startswith("CREATE INDEX ix_")
    assert partitioned.lock.startswith("SHARE: blocks writes")


def test_pool_opens_its_overflow_in_every_process() -> None:
    assert ClientPool("web", 20, 10, 4).connections == 120


def test_rows_per_call_of_a_statement_never_called_are_none() -> None:
    statement = make_statement("SELECT 1", calls=4, rows=10)
    assert statement.rows_per_call == 2.5
    assert replace(statement, calls=0).rows_per_call == 0.0
