"""The rule `statement-fails`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "statement-fails"


def test_fires_with_the_words_of_the_server(rules: Rules) -> None:
    (found,) = rules.found(CHECK, "op.execute(\"UPDATE note SET title = 'a', title = 'b'\")")
    assert 'multiple assignments to same column "title"' in found.message
    assert found.severity == "high"


def test_says_what_a_command_of_psql_is(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("\\\\i functions.sql")')
    assert "one of psql" in found.advice


def test_quiet_where_another_rule_says_it(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("CREATE INDEX CONCURRENTLY ix ON note (title)")') == []


def test_quiet_where_it_runs(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ANALYZE note")') == []
