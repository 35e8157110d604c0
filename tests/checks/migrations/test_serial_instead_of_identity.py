"""The rule `serial-instead-of-identity`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "serial-instead-of-identity"


def test_fires_for_a_new_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.create_table("job", sa.Column("id", sa.BigInteger(), primary_key=True))')
    assert found.object == "job (id) in r1"
    assert found.severity in ("low", "info")


def test_quiet_for_the_better_type(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.create_table("job", sa.Column("id", sa.UUID(), primary_key=True))') == []


def test_a_worse_column_of_the_table_has_the_word(rules: Rules) -> None:
    body = 'op.create_table("job", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("x", sa.DateTime()))'
    assert rules.objects(CHECK, body) == []
