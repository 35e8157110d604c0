"""The rule `revisions-without-statement-timeout`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules, of, with_environment

CHECK = "revisions-without-statement-timeout"

_BODY = 'op.alter_column("{table}", "title", nullable=False)'


def test_fires_when_nothing_sets_one(rules: Rules) -> None:
    pending = with_environment(rules.pending(_BODY.format(table="note")))
    assert len(of(CHECK, pending)) == 1
    assert of(CHECK, with_environment(pending, sets_statement_timeout=True)) == []
    assert of(CHECK, with_environment(pending, sets_statement_timeout=None)) == []
    assert of(CHECK, with_environment(pending, runs_safely=True)) == []


def test_quiet_on_a_small_table(rules: Rules) -> None:
    assert of(CHECK, with_environment(rules.pending(_BODY.format(table="small")))) == []
