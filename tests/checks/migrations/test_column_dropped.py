"""The rule `column-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "column-dropped"


def test_fires_where_nothing_names_it(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.drop_column("note", "title")')
    assert found.object == "note (title) in r1"
    assert "Whether running code names it is unknown" in found.message
    assert found.severity == "medium"


def test_quiet_for_a_column_of_the_same_revision_and_an_empty_table(rules: Rules) -> None:
    body = """
op.add_column("note", sa.Column("scratch", sa.Text()))
op.drop_column("note", "scratch")
op.drop_column("small", "title")
"""
    assert rules.objects(CHECK, body, sizes={"small": 0}) == []
