"""The rule `table-schema-changed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, SCHEMA, Rules

CHECK = "table-schema-changed"

_SCHEMA = f"{SCHEMA}; CREATE SCHEMA archive"


def test_fires_for_a_table_that_is_there(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("ALTER TABLE note SET SCHEMA archive")', _SCHEMA)
    assert found.object == "note to archive.note in r1"
    assert "CREATE VIEW public.note AS SELECT * FROM archive.note" in found.code


def test_quiet_with_a_view_in_its_place_and_for_a_new_table(rules: Rules) -> None:
    body = f"""
op.execute("ALTER TABLE note SET SCHEMA archive")
op.execute("CREATE VIEW note AS SELECT * FROM archive.note")
{FRESH}
op.execute("ALTER TABLE fresh SET SCHEMA archive")
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []
