"""The rule `reads-database-offline`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "reads-database-offline"


def test_fires_for_an_answer_that_the_revision_uses(rules: Rules) -> None:
    body = """
connection = op.get_bind()
if connection.execute(sa.text("SELECT count(*) FROM note")).scalar() == 0:
    op.add_column("note", sa.Column("a", sa.Text()))
"""
    (found,) = rules.found(CHECK, body)
    assert found.severity == "info"
    assert found.place is not None


def test_quiet_for_sql_alone(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN IF NOT EXISTS a text")') == []
