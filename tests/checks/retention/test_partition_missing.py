from __future__ import annotations

import pytest

from pgwright.model.table import Table
from tests.support.builders import TAKEN_AT as NOW
from tests.support.builders import evidence, make_snapshot, make_table, run

CHECK = "partition-missing"
COLUMNS = "id bigint NOT NULL, created_at timestamptz NOT NULL"
EVENT = make_table("event", COLUMNS, kind="partitioned table", partition_key="RANGE (created_at)")


def partition(name: str, lower: str, upper: str) -> Table:
    bound = f"FOR VALUES FROM ('{lower}') TO ('{upper}')"
    return make_table(name, COLUMNS, parent="event", bound=bound)


OCTOBER = partition("event_10", "2026-10-01 00:00:00+00", "2026-11-01 00:00:00+00")
NOVEMBER = partition("event_11", "2026-11-01 00:00:00+00", "2026-12-01 00:00:00+00")
DECEMBER = partition("event_12", "2026-12-01 00:00:00+00", "2027-01-01 00:00:00+00")
REST = make_table("event_rest", COLUMNS, parent="event", bound="DEFAULT", rows=70)


def test_it_is_november() -> None:
    assert NOW.startswith("2026-11-01")


def test_fires_where_nothing_takes_the_rows_of_now() -> None:
    (finding,) = run(CHECK, make_snapshot(EVENT, OCTOBER))
    assert (finding.object, finding.severity) == ("event", "high")
    assert finding.message == "The last partition of event ended at 2026-11-01 00:00 UTC, and an INSERT of now fails."
    assert "FOR VALUES FROM ('2026-11-01 00:00:00+00:00') TO ('2026-12-01 00:00:00+00:00')" in finding.sql


def test_fires_where_the_next_period_has_no_partition() -> None:
    (finding,) = run(CHECK, make_snapshot(EVENT, OCTOBER, NOVEMBER))
    assert finding.severity == "medium"
    assert "has no partition after 2026-12-01 00:00 UTC" in finding.message


def test_a_default_partition_takes_rows_and_fills() -> None:
    (finding,) = run(CHECK, make_snapshot(EVENT, OCTOBER, REST))
    assert finding.severity == "medium"
    assert "rows of now go to event_rest" in finding.message
    assert evidence(finding)["rows of the DEFAULT partition"] == "70"
    assert finding.sql == ""


def test_fires_where_there_is_nothing_but_a_default_partition() -> None:
    assert [one.severity for one in run(CHECK, make_snapshot(EVENT, REST))] == ["low"]


def test_fires_where_there_is_no_partition_at_all() -> None:
    (finding,) = run(CHECK, make_snapshot(EVENT))
    assert finding.message == "event has no partition, so every INSERT fails."


@pytest.mark.parametrize(
    "tables",
    [
        (EVENT, NOVEMBER, DECEMBER),
        (EVENT, make_table("open", COLUMNS, parent="event", bound="FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)")),
        (make_table("event", COLUMNS, kind="partitioned table", partition_key="HASH (id)"),),
        (make_table("event", COLUMNS, kind="partitioned table", partition_key="RANGE (id)"),),
        (make_table("event", COLUMNS, kind="partitioned table", partition_key="RANGE (date(created_at))"),),
    ],
)
def test_quiet(tables: tuple[Table, ...]) -> None:
    assert run(CHECK, make_snapshot(*tables)) == []


def test_a_quoted_column_and_weeks() -> None:
    columns = '"Created At" date NOT NULL'
    event = make_table("event", columns, kind="partitioned table", partition_key='RANGE ("Created At")')
    week = partition("week", "2026-10-26", "2026-11-02")
    (finding,) = run(CHECK, make_snapshot(event, week))
    assert "FROM ('2026-11-02 00:00:00+00:00') TO ('2026-11-09 00:00:00+00:00')" in finding.sql
