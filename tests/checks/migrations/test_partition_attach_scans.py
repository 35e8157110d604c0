"""The rule `partition-attach-scans`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "partition-attach-scans"

_EVENT = "CREATE TABLE event (at date) PARTITION BY RANGE (at); CREATE TABLE old (at date)"
_ATTACH = """op.execute("ALTER TABLE event ATTACH PARTITION old FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")"""


def test_fires_when_the_partition_is_large(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _ATTACH, _EVENT)
    assert "at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01'" in found.code


def test_quiet_when_it_is_small(rules: Rules) -> None:
    assert rules.objects(CHECK, _ATTACH, _EVENT, sizes={"old": 100}) == []


def test_quiet_when_a_check_proves_the_bounds(rules: Rules) -> None:
    bounds = "at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01'"
    assert rules.objects(CHECK, _ATTACH, f"{_EVENT}; ALTER TABLE old ADD CHECK ({bounds})") == []
