"""The rule `materialized-view-refresh-blocks`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "materialized-view-refresh-blocks"

_VIEW = f"{SCHEMA}; CREATE MATERIALIZED VIEW view AS SELECT owner_id, count(*) FROM note GROUP BY 1"
_REFRESH = 'op.execute("REFRESH MATERIALIZED VIEW view")'


def test_fires_and_asks_for_the_unique_index_that_is_missing(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _REFRESH, _VIEW)
    assert "unique index" in found.advice
    assert found.code == ""


def test_the_code_refreshes_concurrently_where_that_is_possible(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _REFRESH, f"{_VIEW}; CREATE UNIQUE INDEX ON view (owner_id)")
    assert found.code == 'op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY view")'


def test_quiet_when_it_is_small_or_new(rules: Rules) -> None:
    body = (
        _REFRESH
        + """
op.execute("CREATE MATERIALIZED VIEW other AS SELECT 1 AS n WITH NO DATA")
op.execute("REFRESH MATERIALIZED VIEW other")
"""
    )
    assert rules.objects(CHECK, body, _VIEW, sizes={"view": 100}) == []
