from __future__ import annotations

from pgwright.model.change import AnalyzeTable
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from tests.support.builders import make_snapshot, make_statistics, make_table, not_examined, run

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


HIDDEN = NotExamined(
    "statistics of event", "row-level security", "ALTER ROLE app BYPASSRLS", ("statistics",),
    relations=(QualifiedName("public", "event"),),
)  # fmt: skip


def test_where_statistics_are_hidden_it_is_not_examined_unless_the_catalog_tells() -> None:
    """After a reset of the counters no ANALYZE is on record; its traces in the catalog prove nothing either way."""
    table = make_table("event", rows=500, last_analyze_at=None)
    hidden = make_snapshot(table, not_examined=(HIDDEN,))
    assert run(CHECK, hidden) == []
    (entry,) = not_examined(CHECK, hidden)
    assert (entry.what, entry.remedy) == ("never-analyzed of event", "ALTER ROLE app BYPASSRLS")
    fresh = make_table("event", row_estimate=-1.0, live_rows=500, pages=100, last_analyze_at=None)
    assert [one.object for one in run(CHECK, make_snapshot(fresh, not_examined=(HIDDEN,)))] == ["event"]
