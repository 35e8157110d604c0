from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgwright.model.finding import Finding
from pgwright.model.statement import Statement
from tests.support.builders import make_index, make_snapshot, make_statement, make_table, not_examined, run

CHECK = "rows-thrown-away"
JOB = make_table("job", "id bigint, queue text, status text, owner_id bigint", rows=400_000, total_bytes=8_000 * 8192)
OWNER = make_table("owner", "id bigint, name text", rows=5_000, total_bytes=100 * 8192)
NEXT = "SELECT * FROM job WHERE queue = $1 AND status = $2 ORDER BY id LIMIT $3"


def _statement(text: str = NEXT, *, blocks: int = 4_000, rows_a_call: int = 10, **fields: Any) -> Statement:
    times = {"mean_ms": 20.0, "total_ms": 20_000.0, **fields}
    return make_statement(text, calls=1_000, rows=1_000 * rows_a_call, blocks_hit=1_000 * blocks, **times)


def _run(*parts: object) -> list[Finding]:
    return run(CHECK, make_snapshot(JOB, OWNER, *parts))


def test_fires_for_many_blocks_a_row() -> None:
    (finding,) = _run(_statement(query_id=7))
    assert (finding.object, finding.severity, finding.queries) == ("job", "high", (7,))
    assert "400 blocks for each row" in finding.message


def test_the_time_saved_is_that_of_the_blocks_that_indexes_would_not_read() -> None:
    (finding,) = _run(_statement())
    assert finding.worth is not None
    assert finding.worth.saved_ms == pytest.approx(20_000 * (1 - 40 / 4_000))


def test_no_row_at_all_counts_as_one() -> None:
    (finding,) = _run(_statement(rows_a_call=0))
    assert "4,000 blocks for each row" in finding.message


def test_quiet_for_a_join_that_finds_each_row_by_an_index() -> None:
    joined = "SELECT * FROM job j JOIN owner o ON o.id = j.owner_id JOIN owner p ON p.id = j.owner_id WHERE j.id = $1"
    assert _run(_statement(joined, rows_a_call=5, blocks=5 * 25)) == []
    assert len(_run(_statement("SELECT * FROM job WHERE queue = $1", rows_a_call=5, blocks=5 * 25))) == 1


def test_quiet_for_what_counts_groups_or_makes_distinct() -> None:
    for text in (
        "SELECT count(*) FROM job WHERE queue = $1",
        "SELECT DISTINCT queue FROM job",
        "SELECT * FROM job WHERE id = (SELECT max(id) FROM job WHERE queue = $1)",
    ):
        assert _run(_statement(text, rows_a_call=1)) == []


def test_quiet_for_patterns_and_pages_by_offset_which_have_checks_of_their_own() -> None:
    for text in (
        "SELECT * FROM job WHERE queue ILIKE $1",
        "SELECT * FROM job WHERE lower(queue) LIKE $1",
        "SELECT * FROM job ORDER BY id LIMIT $1 OFFSET $2",
    ):
        assert _run(_statement(text)) == []


def test_quiet_for_long_values_that_lie_in_blocks_of_their_own() -> None:
    pages = 400_000 // 50
    page = make_table("page", "id bigint, body text", rows=400_000, total_bytes=(pages + 400_000 * 30) * 8192)
    read = _statement("SELECT * FROM page WHERE id = $1", rows_a_call=1, blocks=120)
    assert run(CHECK, make_snapshot(page, read)) == []
    # The same blocks are an index, and explain nothing.
    index = make_index("ix", "page", "id", size_bytes=400_000 * 30 * 8192)
    assert len(run(CHECK, make_snapshot(page, index, read))) == 1


def test_quiet_for_each_partition_that_has_to_be_looked_into() -> None:
    parent = make_table("visit", "id bigint, at date", kind="partitioned table")
    leaves = [make_table(f"visit_{n}", "id bigint, at date", rows=50_000, parent="visit") for n in range(60)]
    assert run(CHECK, make_snapshot(parent, *leaves, _statement("SELECT * FROM visit WHERE id = $1", blocks=700))) == []


def test_quiet_where_the_table_is_read_from_end_to_end_which_has_checks_of_its_own() -> None:
    scanned = replace(JOB, sequential_scans=800)
    assert run(CHECK, make_snapshot(scanned, _statement(blocks=8_000))) == []
    # Others read it so: this one does not read half of it.
    assert len(run(CHECK, make_snapshot(scanned, _statement(blocks=1_000)))) == 1


def test_quiet_for_commands_whose_rows_are_not_counted() -> None:
    assert _run(_statement(f"CREATE TABLE copy AS {NEXT}"), _statement(f"DECLARE c CURSOR FOR {NEXT}")) == []


def test_quiet_behind_a_view_for_nobody_knows_what_it_joins() -> None:
    assert _run(_statement("SELECT * FROM job JOIN busy_owners b ON b.id = job.owner_id WHERE queue = $1")) == []


def test_quiet_for_few_blocks_and_for_what_takes_no_time() -> None:
    assert _run(_statement(blocks=49, rows_a_call=1)) == []
    assert _run(_statement(mean_ms=0.1, total_ms=100.0)) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(JOB))
