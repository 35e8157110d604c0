"""The rule `cascade-drops-unnamed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "cascade-drops-unnamed"

_VIEW = f"{SCHEMA}; CREATE VIEW titles AS SELECT title FROM note"


def test_fires_for_a_view_on_the_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("ALTER TABLE note DROP COLUMN title CASCADE")', _VIEW)
    assert found.object == "note (title) in r1"
    assert "titles" in found.message
    assert "CASCADE" not in found.code


def test_fires_for_a_foreign_key_of_another_table(rules: Rules) -> None:
    schema = f"{SCHEMA}; ALTER TABLE note ADD CONSTRAINT fk FOREIGN KEY (owner_id) REFERENCES owner"
    (found,) = rules.found(CHECK, 'op.execute("DROP TABLE owner CASCADE")', schema)
    assert "the foreign key fk of note" in found.message


def test_quiet_where_nothing_depends_on_it_or_the_view_is_named(rules: Rules) -> None:
    body = """
op.execute("ALTER TABLE note DROP COLUMN state CASCADE")
op.execute("DROP VIEW titles")
op.execute("ALTER TABLE note DROP COLUMN title CASCADE")
"""
    assert rules.objects(CHECK, body, _VIEW) == []
