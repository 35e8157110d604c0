"""Which settings are worth trying, and why the others are not."""

from __future__ import annotations

import pytest

from pgwright.model.server import RoleSetting, Setting
from pgwright.model.snapshot import Snapshot
from pgwright.workload.tuning import Idea, effective_cache_size, jit, main_role, random_page_cost, value_of, work_mem
from tests.support.builders import make_server, make_setting, make_snapshot, make_statement, make_table

TABLE = make_table("orders", "id bigint", rows=10_000)
SPILLING = make_statement("SELECT * FROM orders ORDER BY id", temporary_blocks_written=1_000)
MEMORY = {
    "work_mem": make_setting("work_mem", "4MB", "4096"),
    "effective_cache_size": make_setting("effective_cache_size", "4GB", "524288"),
    "shared_buffers": make_setting("shared_buffers", "128MB", "16384"),
    "max_connections": make_setting("max_connections", "100"),
}


def with_settings(*settings: Setting) -> Snapshot:
    chosen = {**MEMORY, **{one.name: one for one in settings}}
    return make_snapshot(TABLE, SPILLING, *chosen.values())


def test_memory_is_doubled_up_to_what_it_is_for_every_connection() -> None:
    found = work_mem(with_settings())
    assert isinstance(found, Idea)
    assert found.values == ("8MB", "16MB", "32MB"), "3968 MB for 100 connections are 39.7 MB each"
    assert "for 100 connections allow no more than 39.7 MB each" in found.reason


@pytest.mark.parametrize(
    ("connections", "values"), [("124", ("8MB", "16MB", "32MB")), ("125", ("8MB", "16MB")), ("993", ())]
)
def test_the_bound_is_kept(connections: str, values: tuple[str, ...]) -> None:
    found = work_mem(with_settings(make_setting("max_connections", connections)))
    assert isinstance(found, Idea)
    assert found.values == values
    assert ("SET LOCAL" in found.reason) is (not values)


def test_memory_of_less_than_a_megabyte_is_doubled_too() -> None:
    found = work_mem(with_settings(make_setting("work_mem", "96kB", "96"), make_setting("max_connections", "10000")))
    assert isinstance(found, Idea)
    assert found.values == ("192kB", "384kB")


def test_nothing_is_said_of_memory_that_could_not_be_read() -> None:
    assert work_mem(make_snapshot(TABLE, SPILLING)) == "the server's settings could not be read"


@pytest.mark.parametrize(
    ("state", "compiled", "said"),
    [("off", 3, "it is off"), ("on", 0, "no statement's planned cost reaches jit_above_cost = 100000")],
)
def test_compiling_is_not_tried_where_nothing_is_compiled(state: str, compiled: int, said: str) -> None:
    found = jit(with_settings(make_setting("jit", state), make_setting("jit_above_cost", "100000")), compiled)
    assert isinstance(found, str)
    assert found.startswith(said)


@pytest.mark.parametrize("state", ["on", "true", "ON", "1"])
def test_compiling_is_turned_off_where_statements_are_dear(state: str) -> None:
    found = jit(with_settings(make_setting("jit", state), make_setting("jit_above_cost", "100000")), 3)
    assert isinstance(found, Idea)
    assert found.values == ("off",)
    assert found.reason.startswith("3 statements of a planned cost of 100,000 and more")


def test_a_cache_smaller_than_a_part_of_it_is_corrected() -> None:
    found = effective_cache_size(with_settings(make_setting("shared_buffers", "8GB", "1048576")))
    assert isinstance(found, Idea)
    assert (found.now, found.values) == ("4.0 GB", ("24576MB",))
    assert effective_cache_size(with_settings()) == "it is 4.0 GB, no less than shared_buffers"


def test_the_role_of_most_time_is_the_one_that_counts() -> None:
    reports = make_statement("SELECT count(*) FROM orders", role="reports", total_ms=1e6)
    own = (RoleSetting("reports", "work_mem", "64MB"), RoleSetting("app", "work_mem", "8MB"))
    snapshot = make_snapshot(TABLE, SPILLING, reports, *MEMORY.values(), role_settings=own)
    assert main_role(snapshot) == "reports"
    assert value_of(snapshot, "work_mem") == "64MB"
    assert value_of(snapshot, "max_connections") == "100"
    assert value_of(snapshot, "unknown") is None


@pytest.mark.parametrize(
    ("whole", "hit", "said"),
    [
        (0, 990_000, "99.0 % of the statements' blocks were found in the cache"),
        (4 << 30, 500_000, "The database has 4.0 GB, which the 4.0 GB of effective_cache_size can hold"),
        ((4 << 30) + 1, 500_000, None),
        (0, 500_000, None),
    ],
    ids=["found in the cache", "fits in memory", "does not fit", "nobody knows its size"],
)
def test_a_page_is_read_from_memory_where_it_was_found_there_or_all_fits(
    whole: int, hit: int, said: str | None
) -> None:
    """Whole reads of large tables go past shared_buffers, however much memory there is."""
    much = make_statement("SELECT count(*) FROM orders", blocks_hit=hit, blocks_read=1_000_000 - hit)
    settings = make_setting("random_page_cost", "4"), MEMORY["effective_cache_size"]
    snapshot = make_snapshot(TABLE, much, *settings, server=make_server(database_bytes=whole))
    found = random_page_cost(snapshot)
    if said is None:
        assert found == "50.0 % of the statements' blocks were found in the cache, and reading the others may be slow"
    else:
        assert isinstance(found, Idea)
        assert found.reason.startswith(said)
