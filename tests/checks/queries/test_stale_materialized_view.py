from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.materialized_view import MaterializedViewState, RefreshRecord
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from tests.support.builders import (
    evidence,
    make_index,
    make_server,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    not_examined,
    run,
)

CHECK = "stale-materialized-view"
MINUTE = 60.0
DAYS = QualifiedName("public", "days")
ORDERS = make_table("orders", "id bigint, day date", rows=50_000, rows_inserted=5_000)
KEY = make_index("uq_days", "days", "day", is_unique=True)
CONCURRENTLY = "REFRESH MATERIALIZED VIEW CONCURRENTLY public.days"
CALL = make_statement("SELECT day FROM days")


def view(record: RefreshRecord | None = None, **fields: Any) -> MaterializedViewState:
    return MaterializedViewState(DAYS, **{"is_populated": True, "sources": (ORDERS.name,), "record": record, **fields})


def read(*parts: object, **table: Any) -> Snapshot:
    own = make_table("days", "day date", rows=300, **{"kind": "materialized view", **table})
    return make_snapshot(own, ORDERS, *parts)


def recorded(age: float | None, *, refreshed: float | None = None, limit: float | None = 15 * MINUTE) -> Snapshot:
    return read(view(RefreshRecord(age if refreshed is None else refreshed, age, limit)), KEY, CALL)


def test_fires_for_a_view_that_nobody_filled() -> None:
    (finding,) = run(CHECK, read(view(is_populated=False), CALL))
    assert (finding.severity, finding.confidence) == ("high", "certain")
    assert finding.sql == "REFRESH MATERIALIZED VIEW public.days"


@pytest.mark.parametrize(("minutes", "severity"), [(15, None), (16, "medium"), (149, "medium"), (150, "high")])
def test_fires_for_data_older_than_declared(minutes: int, severity: str | None) -> None:
    found = run(CHECK, recorded(minutes * MINUTE))
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    for one in found:
        assert one.confidence == "certain"
        assert evidence(one)["most that it may be"] == "15 min"
        assert CONCURRENTLY in one.sql


def test_the_age_is_that_of_the_oldest_data_that_it_reads() -> None:
    (finding,) = run(CHECK, recorded(3_600.0, refreshed=5.0))
    assert "60 min old" in finding.message
    assert run(CHECK, recorded(None, refreshed=5.0)) == []
    assert len(run(CHECK, recorded(None, refreshed=3_600.0))) == 1


def test_a_view_over_another_is_left_to_the_runtime() -> None:
    months = QualifiedName("public", "months")
    record = RefreshRecord(3_600.0, 3_600.0, MINUTE)
    own = make_table("months", "day date", rows=12, kind="materialized view")
    (finding,) = run(
        CHECK, read(view(), own, MaterializedViewState(months, True, (DAYS,), record), KEY, CALL, rows_inserted=1)
    )
    assert (finding.object, finding.sql) == ("months", "")


def test_one_that_the_runtime_has_never_refreshed_is_told_after_a_day() -> None:
    assert run(CHECK, recorded(86_400.0, limit=None)) == []
    (finding,) = run(CHECK, recorded(2 * 86_400.0, limit=None))
    assert (finding.severity, finding.confidence) == ("medium", "likely")


def test_without_a_record_the_counters_tell() -> None:
    (finding,) = run(CHECK, read(view(), KEY, CALL))
    assert (finding.confidence, finding.sql) == ("possible", CONCURRENTLY)
    assert evidence(finding)["rows written in what it reads"] == "5,000"
    assert run(CHECK, read(view(), KEY, CALL, rows_inserted=300)) == []
    assert run(CHECK, read(view(sources=()), KEY, CALL)) == []
    assert run(CHECK, read(view(), KEY, make_statement("REFRESH MATERIALIZED VIEW concurrently Days"))) == []


@pytest.mark.parametrize(
    "server",
    [{"statistics_reset_at": "2026-10-31 12:00:00+00"}, {"is_standby": True}],
    ids=["counted a day", "standby"],
)
def test_counters_that_prove_nothing_are_left(server: dict[str, Any]) -> None:
    own = make_table("days", "day date", rows=300, kind="materialized view")
    assert run(CHECK, make_snapshot(own, ORDERS, view(), KEY, CALL, server=make_server(**server))) == []


def test_where_statements_are_hidden_the_counters_are_not_asked() -> None:
    from dataclasses import replace

    from pgwright.model.statement import UnreadStatements

    hidden = replace(read(view(), KEY, CALL), unread_statements=UnreadStatements(3, 10.0))
    assert run(CHECK, hidden) == []
    (entry,) = not_examined(CHECK, hidden)
    assert "hidden" in entry.reason


@pytest.mark.parametrize(
    ("statement", "fires"),
    [
        ("REFRESH MATERIALIZED VIEW days", True),
        ('refresh materialized view public."days" with data', True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY days", False),
        ("REFRESH MATERIALIZED VIEW other.days", False),
    ],
)
def test_a_long_refresh_that_keeps_readers_waiting_is_told(statement: str, fires: bool) -> None:
    slow = make_statement(statement, mean_ms=1_500.0)
    found = run(CHECK, read(view(), KEY, slow, rows_inserted=300))
    assert [one.sql for one in found] == ([CONCURRENTLY] if fires else [])
    assert run(CHECK, read(view(), KEY, make_statement(statement, mean_ms=900.0), rows_inserted=300)) == []


def test_a_missing_unique_index_is_told_with_a_column_that_would_do() -> None:
    slow = make_statement("REFRESH MATERIALIZED VIEW days", mean_ms=1_500.0)
    (finding,) = run(CHECK, read(view(), slow, make_statistics("days", "day"), rows_inserted=300))
    assert finding.sql == ""
    assert "as on day, whose values all differ" in finding.advice


def test_a_snapshot_of_before_says_nothing() -> None:
    (entry,) = not_examined(CHECK, read(CALL))
    assert (entry.what, entry.remedy) == ("stale-materialized-view of days", "take the snapshot again")
