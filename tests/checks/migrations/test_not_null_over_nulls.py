"""The rule `not-null-over-nulls`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "not-null-over-nulls"

_SCHEMA = """
    CREATE TABLE member (id int PRIMARY KEY, email text, town text);
    INSERT INTO member SELECT n, 'm' || n, CASE WHEN n % 2 = 0 THEN 't' END FROM generate_series(1, 500) AS n;
    ANALYZE member
"""


def test_fires_where_nulls_are(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.alter_column("member", "town", nullable=False)', _SCHEMA)
    assert (found.object, found.severity) == ("member (town) in r1", "high")
    assert "50.0% of the rows" in [one.value for one in found.evidence]


def test_quiet_where_none_are_and_after_they_are_filled(rules: Rules) -> None:
    body = """
op.alter_column("member", "email", nullable=False)
op.execute("UPDATE member SET town = '' WHERE town IS NULL")
op.alter_column("member", "town", nullable=False)
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []
