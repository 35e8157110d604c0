"""The rule `detach-not-concurrent`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "detach-not-concurrent"

_EVENT = """
    CREATE TABLE event (at date) PARTITION BY RANGE (at);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')
"""
_DEFAULT = f"{_EVENT}; CREATE TABLE event_rest PARTITION OF event DEFAULT"
_CONCURRENT = 'op.execute("ALTER TABLE event DETACH PARTITION event_1 CONCURRENTLY")'
_DETACH = 'op.execute("ALTER TABLE event DETACH PARTITION event_1")'


def test_fires_without_concurrently(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _DETACH, _EVENT)
    assert "DETACH PARTITION event_1 CONCURRENTLY" in found.code


def test_says_so_when_a_default_partition_is_in_the_way(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _DETACH, _DEFAULT)
    assert "event_rest is its DEFAULT partition" in found.advice
    assert "CONCURRENTLY" not in found.code


@pytest.mark.parametrize(
    ("body", "schema"),
    [
        (f"""op.execute("SET LOCAL lock_timeout = '2s'")\n{_DETACH}""", _DEFAULT),
        (
            f"with op.get_context().autocommit_block():\n    {_CONCURRENT}",
            _EVENT,
        ),
    ],
)
def test_quiet_when_nobody_queues_long(rules: Rules, body: str, schema: str) -> None:
    assert rules.objects(CHECK, body, schema) == []


def test_quiet_when_it_is_small(rules: Rules) -> None:
    assert rules.objects(CHECK, _DETACH, _EVENT, sizes={"event": 10, "event_1": 10}) == []
