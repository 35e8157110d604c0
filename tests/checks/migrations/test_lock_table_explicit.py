"""The rule `lock-table-explicit`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "lock-table-explicit"


def test_fires_when_the_app_waits_for_it(rules: Rules) -> None:
    body = 'op.execute("LOCK TABLE note IN SHARE MODE")\nop.execute("LOCK TABLE small IN SHARE MODE")'
    (found,) = rules.found(CHECK, body)
    assert "SHARE on note" in found.message
    assert "writes wait" in found.message


def test_quiet_when_the_app_goes_beside_it(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("LOCK TABLE note IN ROW SHARE MODE")') == []


def test_only_told_with_a_lock_timeout(rules: Rules) -> None:
    (found,) = rules.found(CHECK, """op.execute("SET LOCAL lock_timeout = '2s'")\nop.execute("LOCK TABLE note")""")
    assert found.severity == "info"
