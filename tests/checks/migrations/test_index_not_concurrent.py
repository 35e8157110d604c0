"""The rule `index-not-concurrent`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, Rules

CHECK = "index-not-concurrent"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = (
        FRESH
        + """
op.create_index("ix", "note", ["title"])
op.create_index("ix_small", "small", ["title"])
op.create_index("ix_fresh", "fresh", ["title"])
"""
    )
    (found,) = rules.found(CHECK, body)
    assert found.object == "note (ix) in r1"
    assert "inserts, updates and deletes wait" in found.message
    assert "SHARE" in [one.value for one in found.evidence]
    assert "postgresql_concurrently=True" in found.code


def test_quiet_when_it_is_built_concurrently(rules: Rules) -> None:
    body = """
with op.get_context().autocommit_block():
    op.create_index("ix", "note", ["title"], postgresql_concurrently=True)
"""
    assert rules.objects(CHECK, body) == []


def test_a_partitioned_table_gets_its_index_part_by_part(rules: Rules) -> None:
    schema = """
        CREATE TABLE event (at date) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')
    """
    (found,) = rules.found(CHECK, 'op.create_index("ix", "event", ["at"])', schema)
    assert "ON ONLY event" in found.code
    assert "CONCURRENTLY event_1_at_idx ON event_1" in found.code


def test_a_renamed_table_keeps_its_size(rules: Rules) -> None:
    body = """
op.rename_table("note", "page")
op.rename_table("small", "tiny")
op.create_index("ix", "page", ["title"])
op.create_index("ix_tiny", "tiny", ["title"])
"""
    (found,) = rules.found(CHECK, body)
    assert "page (5,000,000 rows" in found.message
