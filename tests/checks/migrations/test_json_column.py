"""The rule `json-column`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "json-column"


def test_fires_for_a_new_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.add_column("note", sa.Column("extra", sa.JSON()))')
    assert found.object == "note (extra) in r1"
    assert found.severity in ("low", "info")


def test_quiet_for_the_better_type(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN extra jsonb")') == []


def test_a_worse_column_of_the_table_has_the_word(rules: Rules) -> None:
    body = 'op.create_table("job", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("x", sa.DateTime()))'
    assert rules.objects(CHECK, body) == []
