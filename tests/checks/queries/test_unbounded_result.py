from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.finding import Finding
from pgwright.model.statement import Statement
from tests.support.builders import make_foreign_key, make_snapshot, make_statement, make_table, not_examined, run

CHECK = "unbounded-result"
ACCOUNT = make_table("account", "id bigint", rows=500, primary_key=("id",))
EVENT = make_table(
    "event", "id bigint, account_id bigint, owner bigint, kind text, at timestamptz", rows=900_000, primary_key=("id",)
)
ALL = "SELECT * FROM event WHERE account_id = $1 ORDER BY at DESC"
A_DAY = 86_400.0


def _statement(text: str = ALL, *, calls: int = 1_000, rows_a_call: int = 10_000, **fields: Any) -> Statement:
    times = {"mean_ms": 40.0, "total_ms": 40.0 * calls, **fields}
    return make_statement(text, calls=calls, rows=calls * rows_a_call, **times)


def _run(*statements: Statement, observed_seconds: float | None = A_DAY) -> list[Finding]:
    return run(CHECK, make_snapshot(ACCOUNT, EVENT, *statements, observed_seconds=observed_seconds))


def test_fires_for_thousands_of_rows_without_a_limit() -> None:
    (finding,) = _run(_statement(query_id=7))
    assert (finding.object, finding.severity, finding.confidence, finding.queries) == (
        "event",
        "medium",
        "likely",
        (7,),
    )
    assert "10,000 rows a call" in finding.message


def test_the_time_saved_is_what_a_page_would_not_take() -> None:
    (finding,) = _run(_statement())
    assert finding.worth is not None
    assert finding.worth.saved_ms == pytest.approx(40_000 * 0.99)
    assert finding.worth.observed_seconds == A_DAY


def test_one_finding_a_table_names_all_statements_and_adds_their_time() -> None:
    (finding,) = _run(_statement(query_id=1), _statement(f"{ALL}, id", query_id=2, mean_ms=900.0, total_ms=900_000.0))
    assert (finding.queries, finding.severity) == ((2, 1), "high")


def test_quiet_where_a_page_is_asked_for() -> None:
    assert _run(_statement(f"{ALL} LIMIT $2"), _statement(f"{ALL} FETCH FIRST 5000 ROWS ONLY")) == []


def test_quiet_for_nightly_exports_and_cursors() -> None:
    week = 7 * A_DAY
    assert _run(_statement(calls=100, mean_ms=9_000.0, total_ms=900_000.0), observed_seconds=week) == []
    assert _run(_statement(f"DECLARE c CURSOR FOR {ALL}"), _statement(f"COPY ({ALL}) TO STDOUT")) == []


def test_quiet_for_the_children_of_listed_parents() -> None:
    by_list = _statement("SELECT * FROM event WHERE account_id IN ($1, $2)")
    assert _run(by_list, _statement("SELECT * FROM event WHERE id = ANY ($1)")) == []
    keyed = make_foreign_key("event", "owner", "account")
    listed = _statement("SELECT * FROM event WHERE owner = ANY ($1)")
    assert run(CHECK, make_snapshot(ACCOUNT, EVENT, keyed, listed, observed_seconds=A_DAY)) == []


def test_a_list_of_kinds_bounds_nothing() -> None:
    assert len(_run(_statement("SELECT * FROM event WHERE account_id = $1 AND kind IN ($2, $3)"))) == 1


def test_quiet_for_groups_and_for_what_takes_no_time() -> None:
    assert _run(_statement("SELECT kind, at, count(*) FROM event GROUP BY kind, at")) == []
    assert _run(_statement(mean_ms=0.15, total_ms=150.0)) == []
    assert _run(_statement(rows_a_call=999)) == []


def test_without_a_known_time_the_share_of_the_workload_decides() -> None:
    other = make_statement("SELECT * FROM account WHERE id = $1", calls=10_000_000)
    assert _run(_statement(), other, observed_seconds=None) == []
    assert _run(_statement(), observed_seconds=None)[0].severity == "high"


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(EVENT))
