"""The rule `column-renamed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import FRESH, Rules, of, with_statements

CHECK = "column-renamed"


def test_fires_and_adds_a_column_instead(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.alter_column("note", "title", new_column_name="headline")')
    assert (found.object, found.severity) == ("note (title to headline) in r1", "high")
    assert 'headline = mapped_column("title")' in found.advice
    assert "ADD COLUMN headline text" in found.code


def test_less_severe_where_the_workload_does_not_name_it(rules: Rules) -> None:
    pending = rules.pending('op.alter_column("note", "title", new_column_name="headline")')
    (found,) = of(CHECK, with_statements(pending, "SELECT id FROM note"))
    assert found.severity == "medium"


def test_quiet_for_a_new_table_and_a_new_column(rules: Rules) -> None:
    body = f"""
{FRESH}
op.alter_column("fresh", "title", new_column_name="headline")
op.add_column("note", sa.Column("a", sa.Text()))
op.alter_column("note", "a", new_column_name="b")
"""
    assert rules.objects(CHECK, body) == []
