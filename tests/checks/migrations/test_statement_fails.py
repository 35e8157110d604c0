"""The rule `statement-fails`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import Rules, of

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


def test_quiet_for_what_lacks_a_revision_that_could_not_be_run_here(rules: Rules) -> None:
    pending = rules.pending('op.execute("ALTER TABLE missing ADD x int")')
    (revision,) = pending.revisions
    assert len(of(CHECK, pending)) == 1
    excused = replace(revision, upgrade=replace(revision.upgrade, failure="needs another"))
    assert of(CHECK, replace(pending, revisions=(excused,))) == []
