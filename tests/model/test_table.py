from __future__ import annotations

import pytest

from tests.support.builders import make_table


def test_rows_follow_the_file_at_the_density_of_the_last_analyze() -> None:
    table = make_table("t", row_estimate=1_000, analyzed_pages=10, pages=25, live_rows=7)
    assert table.rows == 2_500
    assert table.heap_bytes == 25 * 8192


def test_rows_of_a_partitioned_parent_are_its_estimate_whatever_its_pages_say() -> None:
    """Its own file is empty, so a density would make it 0; from PostgreSQL 14 on ANALYZE counts its partitions."""
    parent = make_table("t", kind="partitioned table", row_estimate=9_000, analyzed_pages=10, pages=0)
    assert parent.rows == 9_000


def test_rows_of_a_table_never_analyzed_are_the_live_rows() -> None:
    assert make_table("t", row_estimate=-1, analyzed_pages=0, pages=40, live_rows=123).rows == 123


def test_rows_of_a_partitioned_parent_are_those_of_its_leaves() -> None:
    """Nothing but ANALYZE by hand counts the parent: its estimate is -1, or of last year."""
    parent = make_table("t", kind="partitioned table", row_estimate=-1, live_rows=0, leaf_rows=900.0)
    assert parent.rows == 900
    assert make_table("t", kind="partitioned table", row_estimate=7, leaf_rows=900.0).rows == 900


@pytest.mark.parametrize(("inserted", "rows"), [(0, 40 * 226), (500, 0)])
def test_rows_that_no_counter_knows_are_what_the_pages_hold(inserted: int, rows: float) -> None:
    """After a reset of the counters; a table whose rows were all deleted has counters that say so."""
    fields = {"live_rows": 0, "dead_rows": 0, "rows_inserted": inserted}
    assert make_table("t", "id bigint", row_estimate=-1, analyzed_pages=0, pages=40, **fields).rows == rows


@pytest.mark.parametrize(("estimate", "rows"), [(50, 50), (0, 8)])
def test_without_pages_at_the_last_analyze_there_is_no_density(estimate: float, rows: float) -> None:
    assert make_table("t", row_estimate=estimate, analyzed_pages=0, pages=3, live_rows=8).rows == rows


def test_an_emptied_table_has_no_rows() -> None:
    assert make_table("t", row_estimate=1_000, analyzed_pages=10, pages=0, live_rows=5).rows == 0


def test_column_is_found_by_name() -> None:
    table = make_table("t", "id bigint NOT NULL, note text")
    assert [table.column_by_name[name].is_nullable for name in ("id", "note")] == [False, True]
