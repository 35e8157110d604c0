"""A script to statements, with the places and kinds that restoring goes by."""

from __future__ import annotations

import pytest

from pgwright.errors import UnparsableStatement
from pgwright.sqltext.script import read_script, split_script


def test_each_statement_has_its_place_text_and_kind() -> None:
    script = "-- é\nCREATE TABLE é (a text DEFAULT ';');\nCREATE RULE r AS ON UPDATE TO é DO ALSO (SELECT 1; SELECT 2)"
    table, rule = read_script(script)
    assert (table.kind, rule.kind) == ("CreateStmt", "RuleStmt")
    assert script[table.start :].startswith(table.text) or table.text.startswith("-- é")
    assert script[rule.start :].strip() == rule.text
    assert table.text.endswith("DEFAULT ';')")


@pytest.mark.parametrize("text", ["\\! id", "SELECT 1\0; DROP TABLE t", "SELEC", "SELECT 1" + " + 1" * 20_000])
def test_what_the_parser_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(UnparsableStatement):
        read_script(text)


def test_what_cannot_be_parsed_is_cut_at_semicolons() -> None:
    assert split_script("a (x; y); \\! id\nb; c") == ("a (x; y);", "\\! id\nb;", "c")
    assert split_script("SELECT 'open; x") == ("SELECT 'open; x",)


@pytest.mark.parametrize("depth", [100, 1_000, 5_000])
def test_a_definition_may_be_nested_deeply(depth: int) -> None:
    script = "-- of a dump\nCREATE TABLE t (a int DEFAULT 1" + "::int" * depth + ");\n"
    (statement,) = read_script(script)
    assert statement.kind == "CreateStmt"
    with pytest.raises(UnparsableStatement):
        read_script("COPY (SELECT 1" + "::int" * 5_000 + ") TO PROGRAM 'id'")
    with pytest.raises(UnparsableStatement):
        read_script(script + "SELECT 1" + "::int" * 5_000)
