from __future__ import annotations

from typing import Any

from pgwright.model.finding import Finding
from pgwright.model.statement import Statement
from tests.support.builders import evidence, make_snapshot, make_statement, make_table, not_examined, run

CHECK = "count-each-page"
EVENT = make_table("event", "id bigint, account_id bigint, kind text, read_at timestamptz", rows=900_000)
ACCOUNT = make_table("account", "id bigint, name text", rows=500)
COUNT = "SELECT count(*) FROM event WHERE account_id = $1"
PAGE = "SELECT * FROM event WHERE account_id = $1 ORDER BY id DESC LIMIT $2"


def _count(text: str = COUNT, *, calls: int = 1_000, **fields: Any) -> Statement:
    return make_statement(text, calls=calls, rows=calls, **{"mean_ms": 40.0, "total_ms": 40.0 * calls, **fields})


def _page(text: str = PAGE, *, calls: int = 1_000, rows_a_call: int = 20, **fields: Any) -> Statement:
    return make_statement(text, calls=calls, rows=rows_a_call * calls, **fields)


def _run(*statements: Statement) -> list[Finding]:
    return run(CHECK, make_snapshot(EVENT, ACCOUNT, *statements, observed_seconds=3_600.0))


def test_fires_for_a_count_beside_each_page() -> None:
    (finding,) = _run(_count(query_id=1), _page(query_id=2))
    assert (finding.object, finding.confidence, finding.queries) == ("event (account_id)", "likely", (1, 2))
    assert finding.severity == "high"
    assert finding.worth is not None
    assert finding.worth.saved_ms == 40_000.0
    assert evidence(finding)["the page"] == PAGE


def test_it_is_only_possible_where_the_numbers_differ() -> None:
    (finding,) = _run(_count(), _page(calls=600))
    assert finding.confidence == "possible"


def test_pages_that_go_on_after_a_row_and_other_orders_count_together() -> None:
    further = "SELECT * FROM event WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    by_kind = "SELECT * FROM event WHERE account_id = $1 ORDER BY kind LIMIT $2"
    (finding,) = _run(_count(), _page(calls=300), _page(further, calls=400), _page(by_kind, calls=300))
    assert finding.confidence == "likely"


def test_the_count_of_a_subquery_and_a_page_with_more_tables() -> None:
    wrapped = "SELECT count(*) AS n FROM (SELECT e.id FROM event e WHERE e.account_id = $1) AS anon"
    joined = (
        "SELECT * FROM event e JOIN account a ON a.id = e.account_id WHERE e.account_id = $1 ORDER BY e.id LIMIT $2"
    )
    assert len(_run(_count(wrapped), _page(joined))) == 1


def test_quiet_for_a_dashboard_that_counts_now_and_then() -> None:
    assert _run(_count(calls=100), _page()) == []
    assert _run(_count(), _page(calls=10)) == []


def test_quiet_for_a_count_of_something_else() -> None:
    assert _run(_count("SELECT count(*) FROM event WHERE account_id = $1 AND read_at IS NULL"), _page()) == []
    assert _run(_count("SELECT count(*) FROM account"), _page()) == []
    assert _run(_count(), _page(role="other")) == []


def test_quiet_where_the_count_stops_at_a_limit() -> None:
    capped = "SELECT count(*) FROM (SELECT 1 FROM event WHERE account_id = $1 LIMIT $2) AS counted"
    assert _run(_count(capped), _page()) == []


def test_quiet_for_a_look_up_of_one_row_and_for_a_count_that_takes_no_time() -> None:
    assert _run(_count(), _page(rows_a_call=1)) == []
    assert _run(_count(mean_ms=0.05, total_ms=50.0), _page()) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(EVENT))
