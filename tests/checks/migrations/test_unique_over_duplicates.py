"""The rule `unique-over-duplicates`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "unique-over-duplicates"

_SCHEMA = """
    CREATE TABLE member (id int PRIMARY KEY, email text, town text);
    INSERT INTO member SELECT n, 'm' || n, 't' || n % 9 FROM generate_series(1, 500) AS n;
    ANALYZE member
"""


def test_fires_where_values_repeat(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.create_unique_constraint("uq", "member", ["town"])', _SCHEMA)
    assert (found.object, found.severity) == ("member (town) in r1", "high")
    assert "HAVING count(*) > 1" in found.advice


def test_quiet_where_they_do_not(rules: Rules) -> None:
    body = """
op.create_unique_constraint("uq", "member", ["email"])
op.create_index("uq_both", "member", ["town", "email"], unique=True)
op.create_index("uq_some", "member", ["town"], unique=True, postgresql_where=sa.text("id < 3"))
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []


def test_quiet_after_the_rows_are_mended(rules: Rules) -> None:
    body = """
op.execute("DELETE FROM member WHERE id > 9")
op.create_index("uq", "member", ["town"], unique=True)
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []


def test_quiet_without_statistics(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.create_index("uq", "note", ["title"], unique=True)') == []
