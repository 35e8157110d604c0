"""The rule `new-table-without-row-security`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "new-table-without-row-security"

_SCHEMA = """
    CREATE TABLE a (id int PRIMARY KEY, tenant_id int); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
    CREATE TABLE b (id int PRIMARY KEY, tenant_id int); ALTER TABLE b ENABLE ROW LEVEL SECURITY;
    CREATE TABLE c (id int PRIMARY KEY)
"""
_NEW = 'op.create_table("d", sa.Column("id", sa.Integer()), sa.Column("tenant_id", sa.Integer()))'


def test_fires_beside_secured_tables(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _NEW, _SCHEMA)
    assert (found.object, found.severity) == ("d in r1", "high")
    assert "It has tenant_id" in found.message


def test_quiet_where_it_is_enabled(rules: Rules) -> None:
    body = f'{_NEW}\nop.execute("ALTER TABLE d ENABLE ROW LEVEL SECURITY")'
    assert rules.objects(CHECK, body, _SCHEMA) == []


def test_quiet_where_few_tables_have_it(rules: Rules) -> None:
    assert rules.objects(CHECK, _NEW, f"{_SCHEMA}; CREATE TABLE e (id int); CREATE TABLE f (id int)") == []
