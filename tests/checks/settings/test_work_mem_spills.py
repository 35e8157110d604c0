from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.server import RoleSetting
from pgwright.model.snapshot import Snapshot
from tests.support.builders import (
    evidence,
    make_setting,
    make_snapshot,
    make_statement,
    make_table,
    not_examined,
    run,
)

CHECK = "work-mem-spills"
DAY = 86_400.0


def spilling(connections: str = "100", own: tuple[RoleSetting, ...] = (), **fields: Any) -> Snapshot:
    """A sort that takes a minute a day, and writes 100 MB; 3.75 GB are free beside shared_buffers."""
    counters: dict[str, Any] = {"total_ms": 60_000.0, "temporary_blocks_written": 12_800}
    return make_snapshot(
        make_table("orders", "id bigint, note text", rows=200_000),
        make_statement("SELECT * FROM orders ORDER BY note", calls=10, **{**counters, **fields}),
        make_setting("work_mem", "4MB", "4096"),
        make_setting("effective_cache_size", "4GB", "524288"),
        make_setting("shared_buffers", "256MB", "32768"),
        make_setting("max_connections", connections),
        observed_seconds=DAY,
        role_settings=own,
    )


def test_fires_where_statements_that_take_time_wrote_temporary_files() -> None:
    snapshot = spilling()
    (finding,) = run(CHECK, snapshot)
    assert (finding.object, finding.severity) == ("work_mem", "low")
    assert finding.queries == (snapshot.statements[0].query_id,)
    assert evidence(finding)["written to temporary files"] == "100.0 MB"
    assert evidence(finding)["memory"].endswith("for 100 connections: 38.4 MB each")
    assert "It tries 8MB and more." in finding.advice


def test_quiet_where_nothing_was_written() -> None:
    assert run(CHECK, spilling(temporary_blocks_written=0)) == []


@pytest.mark.parametrize(("milliseconds", "fires"), [(30_000.0, True), (29_000.0, False)])
def test_quiet_where_the_statements_take_no_time(milliseconds: float, fires: bool) -> None:
    assert bool(run(CHECK, spilling(total_ms=milliseconds))) is fires


def test_where_memory_allows_no_more_for_all_it_is_for_these_statements_alone() -> None:
    (finding,) = run(CHECK, spilling(connections="500"))
    assert "SET LOCAL work_mem" in finding.advice
    assert "--settings" not in finding.advice


def test_what_the_role_of_the_workload_has_counts() -> None:
    (finding,) = run(CHECK, spilling(own=(RoleSetting("app", "work_mem", "16MB"),)))
    assert "16.0 MB of work_mem" in finding.message
    assert "It tries 32MB" in finding.advice


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(make_setting("work_mem", "4MB", "4096")))
