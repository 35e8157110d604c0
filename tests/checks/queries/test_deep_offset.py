from __future__ import annotations

from tests.support.builders import make_snapshot, make_statement, make_table, not_examined, run

CHECK = "deep-offset"
MESSAGE = make_table("message", "id bigint, created_at timestamptz", rows=50_000)
PAGE = "SELECT * FROM message ORDER BY created_at DESC LIMIT $1 OFFSET $2"


def test_without_signs_of_depth_it_is_only_possible() -> None:
    (finding,) = run(CHECK, make_snapshot(MESSAGE, make_statement(PAGE, rows=50_000)))
    assert (finding.object, finding.severity, finding.confidence) == ("message", "low", "possible")


def test_many_blocks_for_few_rows_betray_depth() -> None:
    deep = make_statement(PAGE, calls=100, rows=5_000, blocks_hit=100 * 2_000)
    (finding,) = run(CHECK, make_snapshot(MESSAGE, deep))
    assert (finding.severity, finding.confidence) == ("medium", "likely")


def test_a_slowest_call_far_from_the_mean_betrays_depth() -> None:
    (finding,) = run(CHECK, make_snapshot(MESSAGE, make_statement(PAGE, rows=50_000, max_ms=400.0)))
    assert finding.confidence == "likely"


def test_a_large_constant_states_depth() -> None:
    statement = make_statement("SELECT * FROM message ORDER BY id LIMIT 50 OFFSET 90000", rows=50_000)
    (finding,) = run(CHECK, make_snapshot(MESSAGE, statement))
    assert (finding.severity, finding.confidence) == ("medium", "certain")


def test_names_the_order_to_page_by() -> None:
    (finding,) = run(CHECK, make_snapshot(MESSAGE, make_statement(PAGE)))
    assert "ORDER BY created_at DESC" in finding.advice


def test_one_finding_a_table_names_all_statements() -> None:
    first, second = make_statement(PAGE, query_id=1), make_statement(f"{PAGE} ", query_id=2)
    (finding,) = run(CHECK, make_snapshot(MESSAGE, first, second))
    assert finding.queries == (1, 2)


def test_quiet_without_offset_on_small_tables_and_for_offset_zero() -> None:
    small = make_table("message", "id bigint, created_at timestamptz", rows=200)
    assert run(CHECK, make_snapshot(small, make_statement(PAGE))) == []
    assert run(CHECK, make_snapshot(MESSAGE, make_statement("SELECT * FROM message LIMIT $1"))) == []
    assert run(CHECK, make_snapshot(MESSAGE, make_statement("SELECT * FROM message LIMIT 5 OFFSET 0"))) == []


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(MESSAGE))
