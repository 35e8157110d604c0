"""The rule `schema-renamed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "schema-renamed"

_SCHEMA = "CREATE SCHEMA crm; CREATE TABLE crm.lead (id int)"


def test_fires_for_a_schema_with_tables(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("ALTER SCHEMA crm RENAME TO sales")', _SCHEMA)
    assert found.object == "crm to sales in r1"
    assert "CREATE VIEW crm.lead AS SELECT * FROM sales.lead" in found.code


def test_quiet_for_a_new_and_an_empty_one(rules: Rules) -> None:
    body = """
op.execute("CREATE SCHEMA a")
op.execute("ALTER SCHEMA a RENAME TO b")
op.execute("ALTER SCHEMA empty RENAME TO c")
"""
    assert rules.objects(CHECK, body, "CREATE SCHEMA empty") == []
