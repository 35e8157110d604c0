"""The rule `unique-constraint-builds-index`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "unique-constraint-builds-index"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = """
op.create_unique_constraint("uq", "note", ["title"])
op.create_unique_constraint("uq_small", "small", ["title"])
"""
    (found,) = rules.found(CHECK, body)
    assert found.object == "note (title) in r1"
    assert "CREATE UNIQUE INDEX CONCURRENTLY" in found.code
    assert "UNIQUE USING INDEX" in found.code


def test_quiet_when_it_takes_an_index_over(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE UNIQUE INDEX uq ON note (title)"
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD CONSTRAINT uq UNIQUE USING INDEX uq")', schema) == []


def test_a_partitioned_table_takes_no_index_over(rules: Rules) -> None:
    schema = """
        CREATE TABLE event (at date) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')
    """
    (found,) = rules.found(CHECK, 'op.create_unique_constraint("uq", "event", ["at"])', schema)
    assert found.code == ""
    assert "takes no index over" in found.advice
