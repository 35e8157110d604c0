from __future__ import annotations

from typing import Any

from pgwright.model.finding import Finding
from pgwright.model.table import Table
from tests.support.builders import make_server, make_snapshot, make_statement, make_table, run

CHECK = "sequential-scan-heavy"


def _table(name: str = "job", *, rows: int = 50_000, scans: int = 400, read: int | None = None, **fields: Any) -> Table:
    rows_read = scans * rows if read is None else read
    return make_table(name, rows=rows, sequential_scans=scans, sequential_rows_read=rows_read, **fields)


def _run(*parts: object, since: str | None = "2026-11-01 11:00:00+00") -> list[Finding]:
    """Run it on what was counted since then: an hour."""
    return run(CHECK, make_snapshot(*parts, server=make_server(statistics_reset_at=since)))


def test_fires_for_a_large_table_that_is_read_whole_again_and_again() -> None:
    statement = make_statement("SELECT * FROM job WHERE id > $1", query_id=3)
    (finding,) = _run(_table(), statement)
    assert (finding.object, finding.severity, finding.queries) == ("job", "medium", (3,))


def test_the_severity_goes_by_the_time_that_the_scans_take_a_day() -> None:
    (often,) = _run(_table(scans=10_000))
    assert often.worth is not None
    assert (often.worth.saved_ms, often.worth.saved_a_call_ms) == (50_000.0, 5.0)
    assert often.severity == "high"  # 20 minutes a day
    assert _run(_table(scans=100))[0].severity == "low"  # 12 seconds
    assert _run(_table(scans=10_000), since=None)[0].severity == "low"  # nobody knows


def test_quiet_for_small_tables() -> None:
    assert _run(_table(rows=900)) == []


def test_quiet_for_a_few_exports() -> None:
    assert _run(_table(scans=20)) == []


def test_quiet_when_index_scans_carry_the_load() -> None:
    assert _run(_table(index_scans=100_000)) == []


def test_quiet_when_a_limit_stops_the_scans_early() -> None:
    assert _run(_table(read=400 * 50)) == []


def test_partitions_count_together() -> None:
    parent = make_table("job", kind="partitioned table")
    leaves = [_table(f"job_{n}", rows=6_000, scans=30, parent="job") for n in range(4)]
    (finding,) = _run(parent, *leaves)
    assert finding.object == "job"
    assert "120 times" in finding.message


def test_the_most_read_table_comes_first() -> None:
    assert [finding.object for finding in _run(_table("a"), _table("b", scans=900))] == ["b", "a"]


def test_materialised_views_are_tables_too() -> None:
    assert _run(_table("totals", kind="materialized view"))
