"""The rule `default-partition-scanned`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "default-partition-scanned"

_EVENT = """
    CREATE TABLE event (at date) PARTITION BY RANGE (at);
    CREATE TABLE event_rest PARTITION OF event DEFAULT
"""
_CREATE = """op.execute("CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')")"""


def test_fires_when_the_default_partition_is_large(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _CREATE, _EVENT)
    assert found.object == "event_rest (event_1) in r1"
    assert "at IS NULL OR at < '2026-01-01' OR at >= '2026-02-01'" in found.code


def test_quiet_when_it_is_small(rules: Rules) -> None:
    assert rules.objects(CHECK, _CREATE, _EVENT, sizes={"event_rest": 100}) == []


def test_quiet_when_a_check_says_that_it_has_no_such_row(rules: Rules) -> None:
    schema = f"{_EVENT}; ALTER TABLE event_rest ADD CHECK (at IS NULL OR at < '2026-01-01' OR at >= '2026-02-01')"
    assert rules.objects(CHECK, _CREATE, schema) == []


def test_quiet_without_a_default_partition(rules: Rules) -> None:
    assert rules.objects(CHECK, _CREATE, "CREATE TABLE event (at date) PARTITION BY RANGE (at)") == []
