"""The rule `table-recreated`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, Rules

CHECK = "table-recreated"

ANEW = 'op.drop_table("note")\nop.create_table("note", sa.Column("id", sa.Integer()))'


def test_fires_for_a_table_with_rows(rules: Rules) -> None:
    (found,) = rules.found(CHECK, ANEW)
    assert (found.object, found.severity) == ("note in r1", "high")


def test_quiet_for_an_empty_one_and_one_that_stays_away(rules: Rules) -> None:
    assert rules.objects(CHECK, ANEW, sizes={"note": 0}) == []


def test_quiet_for_one_that_is_made_before_it_is_dropped(rules: Rules) -> None:
    assert rules.objects(CHECK, f'{FRESH}op.drop_table("fresh")') == []
