from __future__ import annotations

from pgwright.model.change import AnalyzeTable
from tests.support.builders import make_snapshot, make_statistics, make_table, run

CHECK = "never-analyzed"


def test_fires_for_a_filled_table_without_statistics() -> None:
    (finding,) = run(CHECK, make_snapshot(make_table("event", rows=500, last_analyze_at=None)))
    assert (finding.object, finding.severity) == ("event", "medium")
    assert isinstance(finding.changes[0], AnalyzeTable)


def test_large_tables_are_high() -> None:
    assert run(CHECK, make_snapshot(make_table("event", rows=200_000, last_analyze_at=None)))[0].severity == "high"


def test_quiet_when_it_was_analyzed_or_has_statistics() -> None:
    assert run(CHECK, make_snapshot(make_table("event", rows=500))) == []
    bare = make_table("event", rows=500, last_analyze_at=None)
    assert run(CHECK, make_snapshot(bare, make_statistics("event", "id"))) == []


def test_quiet_for_nearly_empty_tables() -> None:
    assert run(CHECK, make_snapshot(make_table("event", rows=10, last_analyze_at=None))) == []


def test_pages_tell_where_no_counter_does() -> None:
    assert run(CHECK, make_snapshot(make_table("event", pages=100, row_estimate=-1.0)))


def test_a_partitioned_table_needs_statistics_of_its_own() -> None:
    parent = make_table("event", kind="partitioned table")
    leaf = make_table("event_1", rows=500_000, parent="event")
    (finding,) = run(CHECK, make_snapshot(parent, leaf, make_statistics("event_1", "id")))
    assert (finding.object, finding.severity) == ("event", "medium")
    assert "autovacuum analyzes the partitions only" in finding.advice


def test_foreign_tables_are_left_alone() -> None:
    assert run(CHECK, make_snapshot(make_table("far", rows=500, kind="foreign table", last_analyze_at=None))) == []
