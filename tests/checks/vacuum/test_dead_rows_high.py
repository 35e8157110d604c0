from __future__ import annotations

from tests.support.builders import evidence, make_session, make_snapshot, make_table, run

CHECK = "dead-rows-high"


def test_fires_when_dead_rows_pile_up() -> None:
    (finding,) = run(CHECK, make_snapshot(make_table("job", rows=60_000, dead_rows=30_000)))
    assert (finding.object, finding.severity) == ("job", "medium")
    assert finding.sql.startswith("VACUUM (ANALYZE) public.job;\nALTER TABLE public.job SET (autovacuum_vacuum_scale")


def test_more_dead_than_living_is_high() -> None:
    assert run(CHECK, make_snapshot(make_table("job", rows=20_000, dead_rows=30_000)))[0].severity == "high"


def test_quiet_for_few_or_a_small_share() -> None:
    assert run(CHECK, make_snapshot(make_table("job", rows=100, dead_rows=900))) == []
    assert run(CHECK, make_snapshot(make_table("job", rows=900_000, dead_rows=30_000))) == []


def test_names_a_switch_that_is_off_and_a_transaction_that_holds_vacuum_back() -> None:
    table = make_table("job", rows=60_000, dead_rows=30_000, parameters=("autovacuum_enabled=false",))
    (finding,) = run(CHECK, make_snapshot(table, make_session(transaction_seconds=7_200.0)))
    assert evidence(finding)["autovacuum"] == "switched off for this table"
    assert "old transaction" in finding.advice
    assert "RESET (autovacuum_enabled)" in finding.sql


def test_partitions_count_together() -> None:
    parent = make_table("job", kind="partitioned table")
    leaves = [make_table(f"job_{n}", rows=10_000, dead_rows=8_000, parent="job") for n in (1, 2)]
    assert [finding.object for finding in run(CHECK, make_snapshot(parent, *leaves))] == ["job"]


def test_a_transaction_in_another_database_holds_nothing_back_here() -> None:
    table = make_table("job", rows=60_000, dead_rows=30_000)
    (finding,) = run(CHECK, make_snapshot(table, make_session(transaction_seconds=7_200.0, database="other")))
    assert "old transaction" not in finding.advice
