"""The rule `varchar-limit`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "varchar-limit"


def test_fires_for_a_new_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.add_column("note", sa.Column("word", sa.String(20)))')
    assert found.object == "note (word) in r1"
    assert found.severity in ("low", "info")


def test_quiet_for_the_better_type(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.add_column("note", sa.Column("word", sa.String()))') == []


def test_a_worse_column_of_the_table_has_the_word(rules: Rules) -> None:
    body = 'op.create_table("job", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("x", sa.DateTime()))'
    assert rules.objects(CHECK, body) == []
