from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pgwright.model.change import DropIndex
from pgwright.model.snapshot import Snapshot
from tests.support.builders import (
    TAKEN_AT,
    evidence,
    make_foreign_key,
    make_index,
    make_server,
    make_snapshot,
    make_table,
    not_examined,
    run,
)

CHECK = "unused-index"
TABLE = make_table("orders", "id bigint, note text, user_id bigint", rows=50_000)
UNUSED = make_index("ix_note", "orders", "note")


def test_fires_for_an_index_without_scans() -> None:
    (finding,) = run(CHECK, make_snapshot(TABLE, UNUSED))
    (change,) = finding.changes
    assert isinstance(change, DropIndex)
    assert (finding.object, finding.confidence, change.sql) == ("ix_note", "likely", UNUSED.sql)
    assert evidence(finding)["age of the counters"] == "124 days"


def test_says_that_replicas_were_not_looked_at() -> None:
    assert "replicas were not looked at" in run(CHECK, make_snapshot(TABLE, UNUSED))[0].message
    (finding,) = run(CHECK, make_snapshot(TABLE, UNUSED, server=make_server(replica_count=2)))
    assert (finding.confidence, evidence(finding)["replicas, not looked at"]) == ("possible", "2")


def test_quiet_for_the_way_to_deleted_rows_that_a_purge_will_need() -> None:
    table = make_table("orders", "id bigint, note text, deleted_at timestamptz", rows=50_000)
    purge = make_index("ix_orders_purge", "orders", "deleted_at, id", predicate="deleted_at IS NOT NULL")
    assert run(CHECK, make_snapshot(table, purge)) == []
    other = make_index("ix_note", "orders", "note", predicate="note IS NOT NULL")
    assert len(run(CHECK, make_snapshot(table, other))) == 1


def test_quiet_for_an_index_that_is_used() -> None:
    assert run(CHECK, make_snapshot(TABLE, make_index("ix_note", "orders", "note", scans=1))) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"is_unique": True},
        {"is_primary": True, "is_unique": True, "constraint": "pk"},
        {"constraint": "ex", "is_exclusion": True},
        {"is_replica_identity": True},
        {"is_valid": False},
    ],
)
def test_never_an_index_that_enforces_something_or_is_invalid(fields: dict[str, object]) -> None:
    assert run(CHECK, make_snapshot(TABLE, make_index("ix_note", "orders", "note", **fields))) == []


@pytest.mark.parametrize("reset", ["2026-10-31 00:00:00+00", None])
def test_not_examined_while_the_counters_are_young(reset: str | None) -> None:
    server = make_server(statistics_reset_at=reset, started_at="2026-10-30 00:00:00+00")
    snapshot = make_snapshot(TABLE, UNUSED, server=server)
    assert run(CHECK, snapshot) == []
    assert "days old" in not_examined(CHECK, snapshot)[0].reason


def test_from_the_seventh_day_on_the_counters_are_believed() -> None:
    def at(seconds: int) -> Snapshot:
        reset = datetime.fromisoformat(TAKEN_AT) - timedelta(days=7) + timedelta(seconds=seconds)
        return make_snapshot(TABLE, UNUSED, server=make_server(statistics_reset_at=str(reset)))

    assert len(run(CHECK, at(0))) == 1
    assert run(CHECK, at(1)) == []
    assert "below 7 days" in not_examined(CHECK, at(1))[0].reason


def test_without_a_reset_the_counters_are_as_old_as_the_server_at_least() -> None:
    (finding,) = run(CHECK, make_snapshot(TABLE, UNUSED, server=make_server(statistics_reset_at=None)))
    assert evidence(finding)["age of the counters"] == "154 days"


def test_a_few_weeks_make_it_possible_only() -> None:
    server = make_server(statistics_reset_at="2026-10-15 00:00:00+00")
    assert run(CHECK, make_snapshot(TABLE, UNUSED, server=server))[0].confidence == "possible"


def test_not_examined_on_a_standby() -> None:
    snapshot = make_snapshot(TABLE, UNUSED, server=make_server(is_standby=True))
    assert run(CHECK, snapshot) == []
    assert "standby" in not_examined(CHECK, snapshot)[0].reason


def test_an_index_that_alone_serves_a_foreign_key_is_told_and_kept() -> None:
    parts = (
        make_table("users"),
        make_foreign_key("orders", "user_id", "users"),
        make_index("ix_user", "orders", "user_id"),
    )
    (finding,) = run(CHECK, make_snapshot(TABLE, *parts))
    assert (finding.severity, finding.changes) == ("info", ())
    assert "orders (user_id)" in finding.message


def test_the_last_of_two_unused_indexes_on_a_foreign_key_is_not_lost() -> None:
    parts = make_table("users"), make_foreign_key("orders", "user_id", "users")
    indexes = make_index("one", "orders", "user_id, note"), make_index("two", "orders", "user_id, id")
    assert [finding.changes for finding in run(CHECK, make_snapshot(TABLE, *parts, *indexes))] == [(), ()]


def test_an_index_that_is_to_take_over_from_another_stays() -> None:
    short, long = make_index("short", "orders", "note", scans=99), make_index("long", "orders", "note, id")
    assert run(CHECK, make_snapshot(TABLE, short, long)) == []


def test_small_tables_are_information() -> None:
    assert run(CHECK, make_snapshot(make_table("orders", rows=10), UNUSED))[0].severity == "info"


def test_one_used_partition_keeps_the_whole_index() -> None:
    parent = make_table("event", kind="partitioned table")
    leaves = [make_table(f"event_{n}", rows=9_000, parent="event") for n in (1, 2)]
    head = make_index("ix", "event", "id", size_bytes=0)
    indexes = [make_index(f"ix_{n}", f"event_{n}", "id", parent="ix", scans=n - 1) for n in (1, 2)]
    assert run(CHECK, make_snapshot(parent, *leaves, head, *indexes)) == []
    unused = [make_index(f"ix_{n}", f"event_{n}", "id", parent="ix") for n in (1, 2)]
    assert [finding.object for finding in run(CHECK, make_snapshot(parent, *leaves, head, *unused))] == ["ix"]
