"""The rule `reads-database-offline`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import Rules, of

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


def test_one_word_for_all_revisions(rules: Rules) -> None:
    pending = rules.pending('op.get_bind().execute(sa.text("SELECT count(*) FROM note")).scalar()')
    several = replace(pending, revisions=(*pending.revisions, replace(pending.revisions[0], revision="r2")))
    (found,) = of(CHECK, several)
    assert "1 revision after it" in found.message


def test_quiet_for_sql_alone(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN IF NOT EXISTS a text")') == []
