"""The changes that a statement asks for, with the table of each."""

from __future__ import annotations

import pytest

from pgwright.sqltext.actions import read_actions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DROP POLICY own ON app.note", [("other", "note", "own")]),
        ("DROP RULE nothing ON note", [("other", "note", "nothing")]),
        ("DROP TRIGGER t ON note", [("drop trigger", "note", "t")]),
        ("DROP FUNCTION app.touch(int)", [("drop function", "touch", "touch")]),
        ("DROP TYPE app.mood", [("drop type", "mood", "mood")]),
        ("CREATE POLICY own ON note USING (true)", [("create policy", "note", "own")]),
        ("CREATE STATISTICS s (dependencies) ON a, b FROM note", [("create statistics", "note", "s")]),
        ("ALTER SEQUENCE app.numbers RESTART", [("alter sequence", "numbers", "")]),
        ("ALTER VIEW titles RENAME TO names", [("rename table", "titles", "titles")]),
        ("SELECT id INTO fresh FROM note", [("create table as", "fresh", "")]),
        ("WITH x AS (DELETE FROM note RETURNING 1) SELECT 1 FROM x", [("delete", "note", ""), ("select", None, "")]),
    ],
)  # fmt: skip
def test_a_statement_has_its_action_its_table_and_its_name(text: str, expected: list[object]) -> None:
    found = [(one.kind, one.table.name if one.table else None, one.name) for one in read_actions(text)]
    assert found == expected
