"""The rule `table-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, Rules

CHECK = "table-dropped"


def test_fires_and_renames_instead(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.drop_table("note")')
    assert found.object == "note in r1"
    assert "5,000,000 rows" in found.message
    assert 'op.rename_table("note", "note_dropped_in_r1")' in found.code


def test_quiet_for_empty_and_new_tables(rules: Rules) -> None:
    assert rules.objects(CHECK, f'{FRESH}op.drop_table("fresh")\nop.drop_table("small")', sizes={"small": 0}) == []


def test_quiet_if_it_exists_and_does_not(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("DROP TABLE IF EXISTS nothing")') == []
