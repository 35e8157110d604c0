"""The rule `database-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "database-dropped"


def test_fires_whatever_the_twin_has(rules: Rules) -> None:
    body = """
with op.get_context().autocommit_block():
    op.execute("DROP DATABASE IF EXISTS reporting")
"""
    (found,) = rules.found(CHECK, body)
    assert found.severity == "high"


def test_quiet_for_a_table(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("DROP TABLE IF EXISTS reporting")') == []
