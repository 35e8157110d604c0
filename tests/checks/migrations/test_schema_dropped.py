"""The rule `schema-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "schema-dropped"


def test_fires_with_the_tables_in_it(rules: Rules) -> None:
    schema = "CREATE SCHEMA crm; CREATE TABLE crm.lead (id int)"
    (found,) = rules.found(CHECK, 'op.execute("DROP SCHEMA crm CASCADE")', schema)
    assert (found.object, found.severity) == ("crm in r1", "high")
    assert "crm.lead" in found.message


def test_quiet_for_an_empty_and_a_new_one(rules: Rules) -> None:
    body = """
op.execute("DROP SCHEMA crm")
op.execute("CREATE SCHEMA scratch")
op.execute("CREATE TABLE scratch.a (id int)")
op.execute("DROP SCHEMA scratch CASCADE")
"""
    assert rules.objects(CHECK, body, "CREATE SCHEMA crm") == []
