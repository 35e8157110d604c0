"""The rule `row-security-locks-table`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "row-security-locks-table"


def test_fires_once_for_a_table(rules: Rules) -> None:
    body = """
op.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")
op.execute("CREATE POLICY p ON note USING (owner_id = 1)")
op.execute("ALTER TABLE small ENABLE ROW LEVEL SECURITY")
"""
    assert rules.objects(CHECK, body) == ["note"]


def test_fires_for_a_policy_alone(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("CREATE POLICY p ON note USING (owner_id = 1)")') == ["note"]


def test_quiet_with_a_lock_timeout(rules: Rules) -> None:
    body = """op.execute("SET LOCAL lock_timeout = '2s'")\nop.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")"""
    assert rules.objects(CHECK, body) == []
