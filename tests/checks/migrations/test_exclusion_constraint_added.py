"""The rule `exclusion-constraint-added`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "exclusion-constraint-added"

_BOOKING = "CREATE TABLE note (during daterange); CREATE TABLE small (during daterange)"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = """
op.execute("ALTER TABLE note ADD CONSTRAINT ex EXCLUDE USING gist (during WITH &&)")
op.execute("ALTER TABLE small ADD CONSTRAINT ex_small EXCLUDE USING gist (during WITH &&)")
"""
    assert rules.objects(CHECK, body, _BOOKING) == ["note (ex)"]
