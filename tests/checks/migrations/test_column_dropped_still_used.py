"""The rule `column-dropped-still-used`."""

from __future__ import annotations

from pgwright.model.finding import Finding
from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "column-dropped-still-used"

MODEL = """
from sqlalchemy import Column, Integer, MetaData, Table, Text

metadata = MetaData()
note = Table("note", metadata, Column("id", Integer(), primary_key=True), Column("title", Text()))
"""


def _used(rules: Rules, body: str) -> list[Finding]:
    (rules.linter.folder / "app_models.py").write_text(MODEL)
    env = "import app_models\n\ntarget_metadata = app_models.metadata\n"
    return rules.linter.found(CHECK, body, schema=SCHEMA, env=env)


def test_fires_for_a_column_that_a_view_reads(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE VIEW titles AS SELECT title FROM note"
    (found,) = rules.found(CHECK, 'op.execute("ALTER TABLE note DROP COLUMN title CASCADE")', schema)
    assert (found.object, found.severity) == ("note (title) in r1", "high")
    assert "view titles" in found.message


def test_fires_for_a_column_of_the_models(rules: Rules) -> None:
    (found,) = _used(rules, 'op.drop_column("note", "title")')
    assert "app_models.py:5" in found.message
    assert found.confidence == "certain"
    assert 'op.drop_column("note", "title")' in found.code


def test_quiet_for_a_column_that_nothing_names(rules: Rules) -> None:
    assert _used(rules, 'op.drop_column("note", "state")') == []
