"""The rule `statement-without-schema`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "statement-without-schema"

_SCHEMA = "CREATE TABLE note (id int); CREATE SCHEMA archive; CREATE TABLE archive.note (id int)"


def test_fires_where_two_schemas_have_the_table(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN a int")', _SCHEMA)
    assert (found.object, found.severity) == ("note in r1", "info")


def test_quiet_where_the_schema_is_said(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE archive.note ADD COLUMN a int")', _SCHEMA) == []


def test_quiet_where_one_schema_has_it(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN a int")') == []
