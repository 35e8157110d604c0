"""The rule `reindex-not-concurrent`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "reindex-not-concurrent"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = 'op.execute("REINDEX INDEX note_pkey")\nop.execute("REINDEX TABLE small")'
    (found,) = rules.found(CHECK, body)
    assert found.object == "note_pkey in r1"
    assert "REINDEX (CONCURRENTLY) INDEX note_pkey" in found.code


def test_quiet_when_it_is_built_concurrently(rules: Rules) -> None:
    body = """
with op.get_context().autocommit_block():
    op.execute("REINDEX INDEX CONCURRENTLY note_pkey")
"""
    assert rules.objects(CHECK, body) == []
