"""The rule `check-validated-at-once`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "check-validated-at-once"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = """
op.create_check_constraint("ck", "note", "id > 0")
op.create_check_constraint("ck_small", "small", "id > 0")
"""
    (found,) = rules.found(CHECK, body)
    assert found.object == "note (ck) in r1"
    assert "NOT VALID" in found.code


def test_quiet_when_it_is_not_valid(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.create_check_constraint("ck", "note", "id > 0", postgresql_not_valid=True)') == []
