"""The rule `index-dropped-not-concurrent`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "index-dropped-not-concurrent"

_INDEXES = f"{SCHEMA}; CREATE INDEX ix ON note (title); CREATE INDEX ix_small ON small (title)"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.drop_index("ix")\nop.drop_index("ix_small")', _INDEXES) == ["note (ix)"]


def test_quiet_when_it_is_dropped_concurrently(rules: Rules) -> None:
    body = """
with op.get_context().autocommit_block():
    op.drop_index("ix", postgresql_concurrently=True)
"""
    assert rules.objects(CHECK, body, _INDEXES) == []


def test_the_index_of_a_partitioned_table_is_dropped_in_no_other_way(rules: Rules) -> None:
    schema = """
        CREATE TABLE event (at date) PARTITION BY RANGE (at);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
        CREATE INDEX ix ON event (at)
    """
    assert rules.objects(CHECK, 'op.drop_index("ix")', schema) == []


def test_quiet_when_the_table_goes_with_it(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.drop_index("ix")\nop.drop_table("note")', _INDEXES) == []
