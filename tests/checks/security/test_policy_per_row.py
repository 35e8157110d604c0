from __future__ import annotations

from typing import Any

from pgwright.model.finding import Finding
from tests.support.builders import make_snapshot, make_table, run

CHECK = "policy-per-row"
POLICY = "CREATE POLICY tenant ON public.note USING ({});\n"
PER_ROW = POLICY.format("(tenant_id = app.tenant())")


def _run(schema_sql: str = PER_ROW, **fields: Any) -> list[Finding]:
    read = {"rows": 50_000, "sequential_rows_read": 5_000_000, "has_row_security": True, **fields}
    return run(CHECK, make_snapshot(make_table("note", "id bigint, tenant_id bigint", **read), schema_sql=schema_sql))


def test_fires_with_the_statement_that_mends_it() -> None:
    (finding,) = _run()
    assert (finding.object, finding.severity) == ("note (tenant)", "low")
    assert "app.tenant() for each row" in finding.message
    assert finding.sql == "ALTER POLICY tenant ON public.note USING (tenant_id = (SELECT app.tenant()))"


def test_quiet_where_the_call_stands_in_a_subquery_or_depends_on_the_row() -> None:
    assert _run(POLICY.format("(tenant_id = ( SELECT app.tenant() AS tenant))")) == []
    assert _run(POLICY.format("app.may_see(id)")) == []


def test_quiet_where_rows_are_found_by_an_index_or_are_few() -> None:
    assert _run(sequential_rows_read=90_000) == []
    assert _run(rows=900) == []


def test_quiet_where_row_security_is_off() -> None:
    assert _run(has_row_security=False) == []
