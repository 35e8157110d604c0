"""The rule `not-null-scans-table`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import FRESH, SCHEMA, Rules, of

CHECK = "not-null-scans-table"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = (
        FRESH
        + """
op.alter_column("note", "title", nullable=False)
op.alter_column("small", "title", nullable=False)
op.alter_column("fresh", "title", nullable=False)
"""
    )
    (found,) = rules.found(CHECK, body)
    assert found.object == "note (title) in r1"
    assert "neither read nor write" in found.message
    assert found.severity == "high"


def test_quiet_when_a_valid_check_proves_it(rules: Rules) -> None:
    schema = f"{SCHEMA}; ALTER TABLE note ADD CHECK (title IS NOT NULL)"
    assert rules.objects(CHECK, 'op.alter_column("note", "title", nullable=False)', schema) == []


def test_says_so_when_the_size_is_unknown(rules: Rules) -> None:
    pending = rules.pending('op.alter_column("note", "title", nullable=False)')
    (found,) = of(CHECK, replace(pending, snapshot=None))
    assert "its size is unknown" in found.message
    assert found.severity == "medium"
