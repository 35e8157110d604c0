"""The rule `table-dropped-still-used`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules, of, with_statements

CHECK = "table-dropped-still-used"


def test_fires_for_a_table_that_a_view_reads(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE VIEW titles AS SELECT title FROM note"
    (found,) = rules.found(CHECK, 'op.execute("DROP TABLE note CASCADE")', schema)
    assert (found.object, found.severity) == ("note in r1", "high")


def test_fires_for_a_view_that_a_statement_reads(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE VIEW titles AS SELECT title FROM note"
    pending = with_statements(rules.pending('op.execute("DROP VIEW titles")', schema), "SELECT title FROM titles")
    assert [one.object for one in of(CHECK, pending)] == ["titles in r1"]


def test_quiet_for_a_view_that_is_made_anew(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE VIEW titles AS SELECT title FROM note"
    body = 'op.execute("DROP VIEW titles")\nop.execute("CREATE VIEW titles AS SELECT title, id FROM note")'
    pending = with_statements(rules.pending(body, schema), "SELECT title FROM titles")
    assert of(CHECK, pending) == []
