from __future__ import annotations

import pytest

from tests.support.builders import evidence, make_session, make_setting, make_snapshot, make_table, run

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


@pytest.mark.parametrize("word", ["false", "off", "OFF", "no", "0", "f"])
def test_reads_a_switch_as_the_server_does(word: str) -> None:
    table = make_table("job", rows=60_000, dead_rows=30_000, parameters=(f"autovacuum_enabled={word}",))
    (finding,) = run(CHECK, make_snapshot(table, make_setting("autovacuum", "on")))
    assert evidence(finding)["autovacuum"] == "switched off for this table"
    assert finding.sql == "VACUUM (ANALYZE) public.job;\nALTER TABLE public.job RESET (autovacuum_enabled)"


@pytest.mark.parametrize("word", ["true", "on", "1", "yes"])
def test_a_switch_that_is_on_is_no_switch_that_is_off(word: str) -> None:
    table = make_table("job", rows=60_000, dead_rows=30_000, parameters=(f"autovacuum_enabled={word}",))
    (finding,) = run(CHECK, make_snapshot(table, make_setting("autovacuum", "on")))
    assert evidence(finding)["autovacuum"] == "on"


def test_a_server_without_autovacuum_is_not_told_to_come_earlier() -> None:
    (finding,) = run(
        CHECK, make_snapshot(make_table("job", rows=6, dead_rows=30_000), make_setting("autovacuum", "off"))
    )
    assert evidence(finding)["autovacuum"] == "switched off for the whole server"
    assert finding.sql == "VACUUM (ANALYZE) public.job"
    assert "autovacuum = on in postgresql.conf" in finding.advice


def test_a_factor_is_never_raised() -> None:
    low = ("autovacuum_vacuum_scale_factor=0.01",)
    table = make_table("job", rows=60_000, dead_rows=30_000, parameters=low)
    alone = make_table("job", rows=60_000, dead_rows=30_000)
    everywhere = make_setting("autovacuum_vacuum_scale_factor", "0.02")
    for snapshot in (make_snapshot(table), make_snapshot(alone, everywhere)):
        (finding,) = run(CHECK, snapshot)
        assert finding.sql == "VACUUM (ANALYZE) public.job"
        assert "what holds VACUUM back" in finding.advice


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
