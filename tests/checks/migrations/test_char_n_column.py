"""The rule `char-n-column`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "char-n-column"


def test_fires_for_a_new_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.add_column("note", sa.Column("country", sa.CHAR(2)))')
    assert found.object == "note (country) in r1"
    assert found.severity in ("low", "info")


def test_quiet_for_the_better_type(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.add_column("note", sa.Column("country", sa.Text()))') == []


def test_a_worse_column_of_the_table_has_the_word(rules: Rules) -> None:
    body = 'op.create_table("job", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("x", sa.DateTime()))'
    assert rules.objects(CHECK, body) == []
