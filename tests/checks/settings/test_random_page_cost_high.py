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

CHECK = "random-page-cost-high"
HOUR = 3_600.0


def cached(
    cost: str = "4",
    *parts: object,
    observed: float | None = 24 * HOUR,
    own: tuple[RoleSetting, ...] = (),
    **fields: Any,
) -> Snapshot:
    """A workload that reads much, nearly all of it from the cache, and takes a minute a day."""
    counters = {"calls": 1_000, "total_ms": 60_000.0, "blocks_hit": 999_000, "blocks_read": 1_000}
    return make_snapshot(
        make_table("orders", "id bigint, user_id bigint", rows=200_000),
        make_statement("SELECT * FROM orders WHERE user_id = $1", **{**counters, **fields}),
        make_setting("random_page_cost", cost),
        *parts,
        observed_seconds=observed,
        role_settings=own,
    )


def test_fires_where_reads_from_memory_are_priced_like_those_from_a_disk() -> None:
    (finding,) = run(CHECK, cached())
    assert (finding.object, finding.severity) == ("random_page_cost", "low")
    assert "4 times" in finding.message
    assert evidence(finding)["blocks found in the cache"] == "999,000 of 1,000,000, 99.9 %"
    assert "pgwright prove DSN --settings" in finding.advice


@pytest.mark.parametrize(("hit", "fires"), [(990_000, True), (989_999, False)])
def test_quiet_where_more_than_one_block_of_a_hundred_came_from_outside(hit: int, fires: bool) -> None:
    assert bool(run(CHECK, cached(blocks_hit=hit, blocks_read=1_000_000 - hit))) is fires


@pytest.mark.parametrize(("cost", "fires"), [("2", False), ("1.1", False), ("2.5", True)])
def test_quiet_where_the_price_is_no_disks(cost: str, fires: bool) -> None:
    assert bool(run(CHECK, cached(cost))) is fires


def test_quiet_where_every_statement_looks_rows_up_by_an_index() -> None:
    assert run(CHECK, cached(blocks_hit=99_000, blocks_read=0)) == []


def test_quiet_where_too_few_blocks_were_read_to_tell() -> None:
    assert run(CHECK, cached(calls=1, blocks_hit=9_999, blocks_read=0)) == []


@pytest.mark.parametrize(("milliseconds", "fires"), [(30_000.0, True), (29_000.0, False)])
def test_quiet_where_the_statements_take_no_time(milliseconds: float, fires: bool) -> None:
    assert bool(run(CHECK, cached(total_ms=milliseconds))) is fires


def test_without_a_rate_the_share_of_the_workload_counts() -> None:
    other = make_statement("SELECT * FROM orders WHERE id = $1", total_ms=10_000_000.0)
    assert run(CHECK, cached(observed=None))
    assert run(CHECK, cached("4", other, observed=None)) == []


def test_what_the_role_of_the_workload_has_beats_the_servers() -> None:
    assert run(CHECK, cached(own=(RoleSetting("app", "random_page_cost", "1.1"),))) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(make_setting("random_page_cost", "4")))
