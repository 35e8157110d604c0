"""The rule `table-renamed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, Rules

CHECK = "table-renamed"


def test_fires_and_puts_a_view_in_its_place(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.rename_table("note", "entry")')
    assert (found.object, found.severity) == ("note to entry in r1", "high")
    assert "CREATE VIEW public.note AS SELECT * FROM public.entry" in found.code


def test_quiet_with_a_view_or_another_table_in_its_place(rules: Rules) -> None:
    body = """
op.rename_table("note", "entry")
op.execute("CREATE VIEW note AS SELECT * FROM entry")
op.rename_table("owner", "owner_old")
op.rename_table("small", "owner")
op.execute("CREATE VIEW small AS SELECT * FROM owner")
"""
    assert rules.objects(CHECK, body) == []


def test_quiet_for_a_new_table(rules: Rules) -> None:
    assert rules.objects(CHECK, f'{FRESH}op.rename_table("fresh", "old")') == []
