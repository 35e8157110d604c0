"""The rule `alter-domain-scans`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "alter-domain-scans"

_DOMAIN = (
    "CREATE DOMAIN amount AS int; CREATE DOMAIN rare AS int; CREATE TABLE note (n amount); CREATE TABLE small (n rare)"
)


def test_fires_when_a_large_table_is_read(rules: Rules) -> None:
    body = """
op.execute("ALTER DOMAIN amount ADD CONSTRAINT c CHECK (VALUE > 0)")
op.execute("ALTER DOMAIN rare ADD CONSTRAINT c CHECK (VALUE > 0)")
"""
    assert rules.objects(CHECK, body, _DOMAIN) == ["amount"]


def test_quiet_when_it_is_not_valid(rules: Rules) -> None:
    body = 'op.execute("ALTER DOMAIN amount ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID")'
    assert rules.objects(CHECK, body, _DOMAIN) == []
